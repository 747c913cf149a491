//! Decoders that are distributions `p(x|z)`, as variational models need them.

use autograd::{Real, Tensor, Var, tree};
use nn::{Activation, Context, Dataset, Generator, Mlp, Result};

use super::begin_with;
use crate::Likelihood;
use crate::densities::Head;

/// A network from codes to what a [`Head`] reads: `p(x|z)`.
#[derive(Clone, Debug)]
pub struct Decoder<W> {
    net: Mlp<W>,
    head: Head<W>,
}
tree!(Decoder { net, head });

impl Decoder<Tensor<f32>> {
    /// A decoder through these widths, code first and features last, that begins at the mean of the data.
    ///
    /// # Errors
    /// If the likelihood is not for such data.
    pub fn new(
        widths: &[usize],
        activation: Activation,
        likelihood: Likelihood,
        data: &Dataset,
        from: &mut Generator,
    ) -> Result<Self> {
        let head = Head::new(likelihood, data)?;
        let mut widths = widths.to_vec();
        *widths.last_mut().expect("a decoder has an output") = head.parameters();
        let mut net = Mlp::new(&widths, activation, from);
        begin_with(net.layers.last_mut().expect("at least one layer"), head.output_for_mean(data));
        Ok(Decoder { net, head })
    }
}

impl<'t, T: Real> Decoder<Var<'t, T>> {
    /// The mean of `p(x|z)`: `[rows, code]` to `[rows, features]`.
    pub fn mean(&self, z: Var<'t, T>) -> Var<'t, T> {
        self.head.mean(self.net.forward(z))
    }

    /// A draw from `p(x|z)` for every row, `[rows, code]` to `[rows, features]`; see [`Head::draw`].
    pub fn draw(&self, z: Var<'t, T>, context: &mut Context) -> Option<Tensor<T>> {
        self.head.draw(self.net.forward(z), context)
    }

    /// `−ln p(x|z)` of every row, `[rows]`, in nats.
    ///
    /// # Panics
    /// If `z` and `x` have different numbers of rows.
    #[track_caller]
    pub fn nll(&self, z: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        self.head.nll(self.net.forward(z), x)
    }
}
