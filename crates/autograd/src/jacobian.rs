//! Jacobians of every example of a batch, and their norms.

use crate::{Real, Tensor, Var};

impl<'t, T: Real> Var<'t, T> {
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
