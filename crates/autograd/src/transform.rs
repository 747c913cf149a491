//! Transformations: from a function to its derivatives.
//!
//! On a tape they are methods of [`Var`] ([`grad`](Var::grad), [`vjp`](Var::vjp), [`jvp`](Var::jvp),
//! [`hvp`](Var::hvp), [`jacobian`](Var::jacobian), [`hessian`](Var::hessian) …). Their results are
//! variables, so each of them can be differentiated again.
//!
//! The functions of this module are the same for values at rest. Their argument is any [`Tree`]: a
//! tensor, an array of tensors, a model. They make a tape, use it, and return tensors.
//!
//! ```
//! use autograd::{Tensor, hvp};
//!
//! let x = Tensor::from_vec([2], vec![1.0, 2.0]);
//! let v = Tensor::from_vec([2], vec![1.0, 0.0]);
//! // f = x₀² x₁, whose Hessian at (1, 2) is [[4, 2], [2, 0]].
//! let hv = hvp(&x, &v, |x, _| (x.slice(0, ..1) * x.slice(0, ..1) * x.slice(0, 1..)).sum());
//! assert_eq!(hv.to_vec(), [4.0, 2.0]);
//! ```

use crate::{Name, Real, Tape, Tensor, Tree, Var};

impl<'t, T: Real> Var<'t, T> {
    // ANCHOR: jvp
    /// `J v`: how this variable changes when every `x` of `wrt` moves along its `v` (forward mode).
    ///
    /// It needs no rules of its own. `Jᵀ w` is linear in `w`, so the derivative of `⟨Jᵀ w, v⟩` with
    /// respect to `w` is `J v`.
    ///
    /// # Panics
    /// If the shapes of `wrt` and `v` differ.
    #[track_caller]
    pub fn jvp(self, wrt: &[Var<'t, T>], v: &[Var<'t, T>]) -> Var<'t, T> {
        assert_along("jvp", wrt, v);
        let w = self.tape.var(Tensor::zeros(self.shape()));
        let transposed = self.vjp(w, wrt);
        inner_product(self.tape, &transposed, v).vjp(self.tape.constant(T::one()), &[w])[0]
    }
    // ANCHOR_END: jvp

    /// `H v`, where `H` is the matrix of second derivatives of this scalar: the Jacobian of the gradient,
    /// which is symmetric, times `v`.
    ///
    /// # Panics
    /// If this variable does not hold exactly one number, or the shapes of `wrt` and `v` differ.
    #[track_caller]
    pub fn hvp(self, wrt: &[Var<'t, T>], v: &[Var<'t, T>]) -> Vec<Var<'t, T>> {
        self.assert_scalar("hvp");
        assert_along("hvp", wrt, v);
        let gradients = self.vjp(self.tape.constant(Tensor::ones(self.shape())), wrt);
        if wrt.is_empty() { vec![] } else { Var::vjp_of(&gradients, v, wrt) }
    }

    /// All first derivatives, of shape `[shape of this variable, shape of x]`. One sweep for every
    /// element of this variable.
    #[track_caller]
    pub fn jacobian(self, x: Var<'t, T>) -> Var<'t, T> {
        let (outputs, inputs) = (self.shape(), x.shape());
        let count: usize = outputs.iter().product();
        let shape = [&outputs[..], &inputs[..]].concat();
        if count == 0 {
            return self.tape.constant(Tensor::zeros(shape));
        }
        let rows: Vec<Var<'t, T>> =
            (0..count).map(|k| self.vjp(self.tape.constant(unit(&outputs, k)), &[x])[0]).collect();
        Var::stack(&rows, 0).reshape(shape)
    }

    /// All second derivatives of this scalar, of shape `[shape of x, shape of x]`.
    ///
    /// # Panics
    /// If this variable does not hold exactly one number.
    #[track_caller]
    pub fn hessian(self, x: Var<'t, T>) -> Var<'t, T> {
        let [gradient] = self.grad([x]);
        gradient.jacobian(x)
    }

    /// `Jᵀ H J v`, the Gauss–Newton product: this scalar is a function of `output` with Hessian `H`, and
    /// `output` a function of `wrt` with Jacobian `J` (Schraudolph 2002). Unlike the Hessian's it is
    /// never negative along `v` if the scalar is convex in `output`.
    ///
    /// # Panics
    /// If this variable does not hold exactly one number, or the shapes of `wrt` and `v` differ.
    #[track_caller]
    pub fn gauss_newton_product(
        self,
        output: Var<'t, T>,
        wrt: &[Var<'t, T>],
        v: &[Var<'t, T>],
    ) -> Vec<Var<'t, T>> {
        self.assert_scalar("gauss_newton_product");
        assert_along("gauss_newton_product", wrt, v);
        let along = output.jvp(wrt, v);
        let curved = self.hvp(&[output], &[along]);
        output.vjp(curved[0], wrt)
    }

    /// `Σᵢ ‖∂yᵢ/∂xᵢ‖²`, the squared Frobenius norm of the Jacobian of every example, summed over the
    /// batch. This variable is `[batch, outputs]` and depends on `x`, `[batch, …]`, example by example:
    /// no example may influence another. One sweep for every output or every input, whichever are fewer.
    ///
    /// # Panics
    /// If this variable is not a matrix or the batches differ.
    #[track_caller]
    pub fn jacobian_norm(self, x: Var<'t, T>) -> Var<'t, T> {
        let slices = self.jacobian_slices("jacobian_norm", x).1;
        let norms = slices.into_iter().map(|slice| (slice * slice).sum());
        norms.reduce(|a, b| a + b).unwrap_or(self.tape.constant(T::zero()))
    }

    /// `∂yᵢ/∂xᵢ`, the Jacobian of every example, of shape `[batch, outputs, inputs]`. This variable is
    /// `[batch, outputs]` and depends on `x`, `[batch, …]`, example by example: no example may influence
    /// another. One sweep for every output or every input, whichever are fewer.
    ///
    /// # Panics
    /// If this variable is not a matrix or the batches differ.
    #[track_caller]
    pub fn batch_jacobian(self, x: Var<'t, T>) -> Var<'t, T> {
        let (axis, slices) = self.jacobian_slices("batch_jacobian", x);
        if slices.is_empty() {
            let (output, input) = (self.shape(), x.shape());
            let inputs = input[1..].iter().product();
            return self.tape.constant(Tensor::zeros([output[0], output[1], inputs]));
        }
        Var::stack(&slices, axis)
    }

    /// The rows of the Jacobian of every example, each `[batch, inputs]`, or its columns, each
    /// `[batch, outputs]`, whichever are fewer; and the axis along which they stack.
    #[track_caller]
    fn jacobian_slices(self, name: &str, x: Var<'t, T>) -> (isize, Vec<Var<'t, T>>) {
        let outputs = self.batch_of(name, x);
        let input = x.shape();
        let (batch, inputs) = (input[0], input[1..].iter().product());
        // Examples are independent, so the gradient of a column's sum holds a slice of every Jacobian.
        let slice = |of: Var<'t, T>, k: usize, at| of.slice(1, k..k + 1).sum().grad([at])[0];
        if outputs <= inputs {
            let row = |k| slice(self, k, x).reshape([batch, inputs]);
            return (1, (0..outputs).map(row).collect());
        }
        // `Jᵀ w` is linear in `w`, and its derivative by `w` is `J`.
        let w = self.tape.var(Tensor::zeros(self.shape()));
        let transposed = self.vjp(w, &[x])[0].reshape([batch, inputs]);
        (2, (0..inputs).map(|k| slice(transposed, k, w)).collect())
    }

    /// An unbiased estimate of [`jacobian_norm`](Self::jacobian_norm) and its standard error: the mean of
    /// `‖vᵀJ‖²` over random `v` of `±1` (Hutchinson 1990). One sweep for every probe, however many
    /// outputs there are; one probe has no standard error (NaN).
    ///
    /// # Panics
    /// If there are no probes, this variable is not a matrix, or the batches differ.
    #[track_caller]
    pub fn jacobian_norm_probed(self, x: Var<'t, T>, probes: usize, seed: u64) -> (Var<'t, T>, f64) {
        self.batch_of("jacobian_norm_probed", x);
        self.tape.assert_open("jacobian_norm_probed");
        assert!(probes > 0, "jacobian_norm_probed: there must be at least one probe");
        let estimates: Vec<Var<'t, T>> = (0..probes)
            .map(|probe| {
                let v = self.tape.constant(signs(&self.shape(), seed, probe as u64));
                let row = self.vjp(v, &[x])[0];
                (row * row).sum()
            })
            .collect();
        let count = probes as f64;
        let sum = estimates.iter().copied().reduce(|a, b| a + b).expect("at least one probe");
        let mean = sum / count;
        let centre = mean.item().as_f64();
        let squares: f64 = estimates.iter().map(|e| (e.item().as_f64() - centre).powi(2)).sum();
        (mean, (squares / (count - 1.0) / count).sqrt())
    }

    /// The number of outputs of a matrix whose rows belong to the rows of `x`.
    #[track_caller]
    fn batch_of(self, name: &str, x: Var<'t, T>) -> usize {
        let (output, input) = (self.shape(), x.shape());
        match (&output[..], &input[..]) {
            (&[batch, outputs], &[same, ..]) if batch == same => outputs,
            _ => panic!("{name}: it needs [batch, outputs] and [batch, …], not {output:?} and {input:?}"),
        }
    }
}

/// `Σᵢ ⟨aᵢ, bᵢ⟩`.
#[track_caller]
fn inner_product<'t, T: Real>(tape: &'t Tape<T>, a: &[Var<'t, T>], b: &[Var<'t, T>]) -> Var<'t, T> {
    let products = a.iter().zip(b).map(|(&a, &b)| (a * b).sum());
    products.reduce(|a, b| a + b).unwrap_or(tape.constant(T::zero()))
}

/// Insists on one direction for every variable, of its shape.
#[track_caller]
fn assert_along<T: Real>(op: &str, wrt: &[Var<T>], v: &[Var<T>]) {
    let shapes = |vars: &[Var<T>]| vars.iter().map(|x| x.shape()).collect::<Vec<_>>();
    let (of, along) = (shapes(wrt), shapes(v));
    assert!(of == along, "{op}: the variables have shapes {of:?}, the directions {along:?}");
}

/// 1 at place `k`, elsewhere 0.
fn unit<T: Real>(shape: &[usize], k: usize) -> Tensor<T> {
    Tensor::from_fn(shape, |i| if i == k { T::one() } else { T::zero() })
}

/// Reproducible `±1`, by splitmix64.
fn signs<T: Real>(shape: &[usize], seed: u64, probe: u64) -> Tensor<T> {
    let start = seed.wrapping_mul(0xD134_2543_DE82_EF95).wrapping_add(probe << 32);
    Tensor::from_fn(shape, |i| {
        let mut z = start.wrapping_add((i as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        if (z ^ (z >> 31)) >> 63 == 1 { T::one() } else { -T::one() }
    })
}

/// A tree at rest on a new tape, with its leaves in order.
pub(crate) fn on_tape<'t, T: Real, M: Tree<Tensor<T>>>(
    model: &M,
    tape: &'t Tape<T>,
) -> (M::With<Var<'t, T>>, Vec<Var<'t, T>>) {
    let mut leaves = vec![];
    let tree = model.map(Name::Root, &mut |_, tensor| {
        let leaf = tape.var(tensor);
        leaves.push(leaf);
        leaf
    });
    (tree, leaves)
}

/// The form of `model` with these leaves.
pub(crate) fn filled<T: Real, M>(model: &M, leaves: impl IntoIterator<Item = Tensor<T>>) -> M
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    let mut leaves = leaves.into_iter();
    model.map(Name::Root, &mut |_, _: &Tensor<T>| leaves.next().expect("one for every leaf"))
}

/// The value of a scalar function of a model, and its gradient in the form of the model itself.
///
/// The tape lives only during the call, so afterwards an optimiser can update the parameters in
/// place.
///
/// ```
/// use autograd::{Tensor, value_and_grad};
///
/// let x = [Tensor::scalar(3.0), Tensor::scalar(4.0)];
/// let (y, [dx0, dx1]) = value_and_grad(&x, |[a, b], _tape| a * a * b);
/// assert_eq!((y, dx0.item(), dx1.item()), (36.0, 24.0, 9.0));
/// ```
///
/// # Panics
/// If the function returns anything but a single number.
#[track_caller]
pub fn value_and_grad<T: Real, M>(
    model: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> (T, M)
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let y = f(tree, &tape);
    let gradients = y.backward();
    (y.item(), filled(model, leaves.iter().map(|&leaf| gradients.wrt(leaf))))
}

/// What [`value_and_update`] does with every leaf, given its number, its name, itself and its gradient.
pub type LeafUpdate<'u, T> = dyn FnMut(usize, Name, &mut Tensor<T>, &Tensor<T>) + 'u;

/// The value of a scalar function of a model, whose every leaf is given to `update` with its gradient (and
/// its number and name), as soon as that is complete: [`value_and_grad`] followed by an update of everything,
/// with less memory and in less time. Gradients need not be kept, and are still in the cache when they are
/// used.
///
/// ```
/// use autograd::{Tensor, value_and_update};
///
/// let mut x = [Tensor::scalar(3.0), Tensor::scalar(4.0)];
/// let y = value_and_update(
///     &mut x,
///     |[a, b], _tape| a * a * b,
///     &mut |_number, _name, leaf, gradient| Tensor::update([leaf], [gradient], |[x], [g]| [x - 0.1 * g]),
/// );
/// assert_eq!(y, 36.0);
/// assert_eq!((x[0].item(), x[1].item()), (3.0 - 0.1 * 24.0, 4.0 - 0.1 * 9.0));
/// ```
///
/// # Panics
/// If the function returns anything but a single number.
#[track_caller]
pub fn value_and_update<T: Real, M: Tree<Tensor<T>>>(
    model: &mut M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
    update: &mut LeafUpdate<T>,
) -> T {
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let y = f(tree, &tape);
    let value = y.item();
    // To come to one leaf is to walk over all of them. So of many leaves some wait for each other, and the walks are
    // never more than about `WALKS`.
    const WALKS: usize = 32;
    let (mut ready, mut count) = (vec![None; leaves.len()], 0);
    let mut give = |ready: &mut [Option<Tensor<T>>]| {
        let mut places = ready.iter_mut().enumerate();
        model.visit_mut(Name::Root, &mut |name, leaf| {
            let (number, gradient) = places.next().expect("one for every leaf");
            if let Some(gradient) = gradient.take() {
                update(number, name, leaf, &gradient);
            }
        });
    };
    y.backward_and_forget(&leaves, &mut |number, gradient| {
        ready[number] = Some(gradient);
        count += 1;
        if count > leaves.len() / WALKS {
            give(&mut ready);
            count = 0;
        }
    });
    if count > 0 {
        give(&mut ready);
    }
    value
}

/// The gradient of a scalar function; see [`value_and_grad`].
///
/// # Panics
/// If the function returns anything but a single number.
#[track_caller]
pub fn grad<T: Real, M>(
    model: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> M
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    value_and_grad(model, f).1
}

/// The value of any function of a model, without derivatives.
///
/// ```
/// use autograd::{Tensor, value};
///
/// let x = [Tensor::scalar(3.0), Tensor::scalar(4.0)];
/// assert_eq!(value(&x, |[a, b], _tape| a * b).item(), 12.0);
/// ```
pub fn value<T: Real, M: Tree<Tensor<T>>>(
    model: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> Tensor<T> {
    let tape = Tape::new();
    let tree = model.map(Name::Root, &mut |_, tensor| tape.constant(tensor));
    f(tree, &tape).value()
}

/// The value `y` of a function and `Jᵀ u`, in the form of the model; `u` has the shape of `y`.
///
/// # Panics
/// If `u` has another shape than `y`.
#[track_caller]
pub fn vjp<T: Real, M>(
    model: &M,
    u: &Tensor<T>,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> (Tensor<T>, M)
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let y = f(tree, &tape);
    let gradients = y.vjp(tape.constant(u), &leaves);
    (y.value(), filled(model, gradients.iter().map(|g| g.value())))
}

/// The value `y` of a function and `J v`: how it changes when the model moves along `v`.
///
/// ```
/// use autograd::{Tensor, jvp};
///
/// let x = [Tensor::scalar(3.0), Tensor::scalar(4.0)];
/// let v = [Tensor::scalar(1.0), Tensor::scalar(10.0)];
/// let (y, dy) = jvp(&x, &v, |[a, b], _| a * b);
/// assert_eq!((y.item(), dy.item()), (12.0, 34.0));
/// ```
///
/// # Panics
/// If a leaf of `v` has another shape than that of the model.
#[track_caller]
pub fn jvp<T: Real, M: Tree<Tensor<T>>>(
    model: &M,
    v: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> (Tensor<T>, Tensor<T>) {
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let y = f(tree, &tape);
    let (_, directions) = on_tape(v, &tape);
    (y.value(), y.jvp(&leaves, &directions).value())
}

/// `H v` of a scalar function, in the form of the model.
///
/// # Panics
/// If the function returns anything but a single number, or a leaf of `v` has another shape than
/// that of the model.
#[track_caller]
pub fn hvp<T: Real, M>(
    model: &M,
    v: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> M
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let y = f(tree, &tape);
    let (_, directions) = on_tape(v, &tape);
    filled(model, y.hvp(&leaves, &directions).iter().map(|h| h.value()))
}

/// `Jᵀ H J v` in the form of the model, where `f` returns an output with Jacobian `J` and a scalar
/// function of it with Hessian `H`; see [`Var::gauss_newton_product`].
///
/// # Panics
/// If the second is not a single number, or a leaf of `v` has another shape than that of the model.
#[track_caller]
pub fn gauss_newton_product<T: Real, M>(
    model: &M,
    v: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> (Var<'t, T>, Var<'t, T>),
) -> M
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let (output, loss) = f(tree, &tape);
    let (_, directions) = on_tape(v, &tape);
    filled(model, loss.gauss_newton_product(output, &leaves, &directions).iter().map(|h| h.value()))
}

/// All first derivatives: for every leaf of the model a tensor of shape `[shape of y, shape of leaf]`. One sweep
/// for every element of `y`, of which nothing is kept but the row.
#[track_caller]
pub fn jacobian<T: Real, M>(
    model: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> M
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M>,
{
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let y = f(tree, &tape);
    let shape = |leaf: &Var<'_, T>| [&y.shape()[..], &leaf.shape()].concat();
    let mut jacobians: Vec<Tensor<T>> = leaves.iter().map(|leaf| Tensor::zeros(shape(leaf))).collect();
    for k in 0..y.shape().iter().product() {
        let row = y.pull(unit(&y.shape(), k));
        for (jacobian, &leaf) in jacobians.iter_mut().zip(&leaves) {
            let row = row.wrt(leaf).to_vec();
            jacobian.make_mut()[k * row.len()..][..row.len()].copy_from_slice(&row);
        }
    }
    filled(model, jacobians)
}

/// All second derivatives of a scalar function: the symmetric matrix `[n, n]` over all `n` numbers of
/// the model, leaf after leaf.
///
/// # Panics
/// If the function returns anything but a single number.
#[track_caller]
pub fn hessian<T: Real, M: Tree<Tensor<T>>>(
    model: &M,
    f: impl for<'t> FnOnce(M::With<Var<'t, T>>, &'t Tape<T>) -> Var<'t, T>,
) -> Tensor<T> {
    let tape = Tape::new();
    let (tree, leaves) = on_tape(model, &tape);
    let y = f(tree, &tape);
    y.assert_scalar("hessian");
    let gradients = y.vjp(tape.constant(Tensor::ones(y.shape())), &leaves);
    let n = leaves.iter().map(|leaf| leaf.value().len()).sum();
    let mut rows = Vec::with_capacity(n * n);
    for gradient in gradients {
        for k in 0..gradient.value().len() {
            let row = gradient.pull(unit(&gradient.shape(), k));
            leaves.iter().for_each(|&leaf| rows.extend(row.wrt(leaf).to_vec()));
        }
    }
    Tensor::from_vec([n, n], rows)
}
