//! One category for the whole block, whose columns are 1 for the category and 0 for the others.
//!
//! > `−ln p(x) = −Σⱼ xⱼ ln softmax(l)ⱼ`

use autograd::{Real, Tensor, Var};
use nn::Context;

use super::{Density, Part, Said, Support};

pub(super) struct Categorical;

impl Density for Categorical {
    const TITLE: &'static str = "one of several categories";
    const NUMBERS: &'static [&'static str] = &["logit"];
    const SUPPORT: Support = Support::OneHot;

    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        in_first_column(said.output.soft_cross_entropy(x), x)
    }

    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T> {
        said.output.softmax(-1)
    }

    fn draw<T: Real>(said: Said<'_, T>, context: &mut Context) -> Tensor<T> {
        chosen(&said.output.softmax(-1).value(), &context.uniform(1))
    }

    fn first(data: &Part, _: usize) -> Tensor<f32> {
        data.numbers(|share| share.max(1e-3).ln(), &[])
    }
}

/// A number for each example, `[batch]`, in the first column of a block like `x`, and 0 in the others.
pub(super) fn in_first_column<'t, T: Real>(nll: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
    nll.unsqueeze(-1).pad([[0, 0], [0, x.shape()[1] - 1]], 0.0)
}

/// 1 in the column of the category below which a share `u` of the probabilities lies, for each row.
pub(super) fn chosen<T: Real>(probabilities: &Tensor<T>, u: &Tensor<T>) -> Tensor<T> {
    let columns = probabilities.shape()[1];
    let rows = probabilities.to_vec();
    let mut drawn = Vec::with_capacity(rows.len());
    for (row, u) in rows.chunks(columns).zip(u.to_vec()) {
        let mut left = u;
        let fits = |p: &T| {
            left -= *p;
            left < T::zero()
        };
        // Rounding may leave a rest behind the last.
        let chosen = row.iter().position(fits).unwrap_or(columns - 1);
        drawn.extend((0..columns).map(|column| if column == chosen { T::one() } else { T::zero() }));
    }
    Tensor::from_vec(probabilities.shape(), drawn)
}

#[cfg(test)]
mod tests {
    use crate::Likelihood::Categorical;
    use crate::densities::checks::{levels, probabilities, variance_of_draws};

    #[test]
    fn a_category() {
        let categories = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
        let all = probabilities(Categorical, &[0.3, -1.0, 2.0], &categories);
        assert!((all.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        variance_of_draws(Categorical, &levels(), |mean| mean * (1.0 - mean));
    }
}
