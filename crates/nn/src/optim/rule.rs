//! The equation of a step, which distinguishes one optimizer from another.

use std::collections::BTreeMap;

use autograd::{Name, Real, Tensor};

/// Numbers that a rule keeps for all parameters together, by name.
pub type Numbers = BTreeMap<&'static str, f64>;

/// The equation by which an [`Optimizer`](super::Optimizer) moves a parameter, and the settings in it. The optimizer
/// has the rest: the learning rate, groups, the tensors kept between steps, saving and restoring them.
///
/// A rule of your own is a struct of settings with [`update`](Self::update) and the names of the tensors that it keeps:
///
/// ```
/// use autograd::{Real, Tensor};
/// use nn::Optimizer;
/// use nn::optim::{Kept, Rule, Slot};
///
/// /// `m ← μ m + (1 − μ) g`,  `w ← w − η sign(m)` (Bernstein et al. 2018, algorithm 2).
/// struct Signum {
///     momentum: f64,
/// }
///
/// impl<T: Real> Rule<T> for Signum {
///     fn labels(&self) -> &'static [&'static str] {
///         &["m"]
///     }
///
///     fn settings(&self) -> Vec<(&'static str, f64)> {
///         vec![("momentum", self.momentum)]
///     }
///
///     fn update(&self, slot: &Slot, parameter: &mut Tensor<T>, gradient: &Tensor<T>, kept: Kept<T>) {
///         let (rate, keep, take) = (T::of(slot.rate), T::of(self.momentum), T::of(1.0 - self.momentum));
///         let [m] = kept.tensors();
///         Tensor::update([parameter, m], [gradient], |[w, m], [g]| {
///             let m = keep * m + take * g;
///             [w - rate * m.sign(), m]
///         });
///     }
/// }
///
/// let mut w = Tensor::<f64>::from_vec([2], vec![5.0, -3.0]);
/// let mut signum = Optimizer::new(0.5, Signum { momentum: 0.9 });
/// let loss = signum.minimize(&mut w, |w, _tape| w.square().sum());
/// assert_eq!((loss, w.to_vec()), (34.0, vec![4.5, -2.5]));
/// assert_eq!(signum.state().tensors["m"].to_vec(), [1.0, -0.6].map(|m: f64| m * (1.0 - 0.9) * 10.0));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no rule of an optimizer of models with elements `{T}`",
    label = "no rule",
    note = "`Adam` is one, at work as `Adam::new(0.001)`; for a rule of your own see `nn::optim::Rule`"
)]
pub trait Rule<T: Real>: Send + Sync + 'static {
    /// Names of the tensors that are kept for every parameter: of its shape, in this order, by these names in a
    /// [`State`](super::State).
    fn labels(&self) -> &'static [&'static str];

    /// The elements of these tensors before the first step.
    fn start(&self) -> f64 {
        0.0
    }

    /// Names and first values of the numbers that are kept for all parameters together.
    fn numbers(&self) -> &'static [(&'static str, f64)] {
        &[]
    }

    /// Settings by name, all of which have to be finite numbers: otherwise no step is made.
    fn settings(&self) -> Vec<(&'static str, f64)> {
        vec![]
    }

    /// The beginning of a step, counted from 1, before the first parameter is updated.
    fn begin(&self, _step: u64, _numbers: &mut Numbers) {}

    /// The step of one parameter, in place and in one pass over memory (see [`Tensor::update`]). The gradient is
    /// finite and has the shape of the parameter.
    fn update(&self, slot: &Slot, parameter: &mut Tensor<T>, gradient: &Tensor<T>, kept: Kept<T>);
}

/// Where in a model a parameter is, and what its [`Groups`](super::Groups) say about it.
#[derive(Clone, Copy)]
pub struct Slot<'a> {
    /// Its number among the parameters, in the order of [`Tree::visit`](autograd::Tree::visit); buffers do not count.
    pub index: usize,
    /// Its name.
    pub name: Name<'a>,
    /// The number `t` of the step, counted from 1.
    pub step: u64,
    /// The learning rate `η` of this parameter: the optimizer's, times the factors of the groups.
    pub rate: f64,
    /// The decay that a group sets in place of the optimizer's own.
    pub weight_decay: Option<f64>,
}

impl Slot<'_> {
    /// The weight decay of this parameter, where `own` is the one of the optimizer.
    pub fn decay(&self, own: f64) -> f64 {
        self.weight_decay.unwrap_or(own)
    }
}

/// The state that a rule keeps between steps: tensors of one parameter, and numbers of all of them.
pub struct Kept<'a, T: Real> {
    pub(super) tensors: &'a mut [Tensor<T>],
    pub(super) numbers: &'a Numbers,
}

impl<'a, T: Real> Kept<'a, T> {
    /// The tensors, in the order of [`Rule::labels`].
    ///
    /// # Panics
    /// If the rule has another number of labels.
    #[track_caller]
    pub fn tensors<const N: usize>(self) -> &'a mut [Tensor<T>; N] {
        let labels = self.tensors.len();
        let Ok(tensors) = self.tensors.try_into() else {
            panic!("tensors: the rule names {labels} tensors for a parameter and asks for {N}")
        };
        tensors
    }

    /// The number of this name.
    ///
    /// # Panics
    /// If [`Rule::numbers`] has none of this name.
    #[track_caller]
    pub fn number(&self, name: &str) -> f64 {
        *self.numbers.get(name).unwrap_or_else(|| panic!("number: the rule keeps no number `{name}`"))
    }
}
