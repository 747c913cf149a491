//! How an example is distributed around what a decoder says: `p(x|z)`, for each kind of column.
//!
//! A [`Likelihood`] says what the numbers of a decoder mean. Every one that [is a density](Likelihood::is_density) is
//! complete with its constants, in nats, so that bounds and likelihoods compare. A [`Head`] has one for each block of a
//! [`Schema`](nn::data::schema::Schema).
//!
//! | | support | decoder's numbers for a column | mean |
//! |---|---|---|---|
//! | `squared_error` | numbers | `x̂` | `x̂` |
//! | `bounded_squared_error` | `[0, 1]` | a logit | `σ` |
//! | `bernoulli` | 0 and 1 | a logit | `σ` |
//! | `continuous_bernoulli` | `[0, 1]` | a logit | that of the density |
//! | `fixed_gaussian` | numbers | `μ` | `μ` |
//! | `gaussian` | numbers | `μ` | `μ` |
//! | `gaussian_per_pixel` | numbers | `μ`, `ln σ²` | `μ` |
//! | `discretized_logistic` | 256 levels of `[0, 1]` | `μ`, `ln s` | that of the logistic, cut |
//! | `categorical` | one of the block's columns | a logit | probabilities |
//! | `ordinal` | levels 0 to K − 1 | K − 1 thresholds | `Σ P(x ≥ k)` |
//! | `poisson` | counts | `ln λ` | `λ` |
//! | `negative_binomial` | counts | `ln μ`, `ln r` | `μ` |
//! | `zero_inflated` | counts | `ln μ`, `ln r`, a logit of 0 | `(1 − π) μ` |
//! | `multinomial` | counts of the block's columns | a logit | shares |
//! | `token` | tokens 1 to K, and 0 for none | K logits, column after column | the most likely token |

mod categories;
mod counts;
mod gaussian;
mod head;
mod unit_interval;

use autograd::{Real, Tensor, Var};
use nn::data::schema::Kind;
use nn::losses::{self, Unit};
use serde::{Deserialize, Serialize};

pub use self::head::Head;

/// How the decoder's output describes the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likelihood {
    /// A coin for every pixel: the loss is the cross-entropy, and the reconstruction the coin's mean `σ(output)`. A
    /// likelihood only for pixels that are 0 or 1; for grey ones a cross-entropy.
    Bernoulli,
    /// A density on `[0, 1]` for every pixel: the cross-entropy with the normalizer that grey values need (Loaiza-Ganem
    /// and Cunningham 2019). The reconstruction is the mean of the density.
    ContinuousBernoulli,
    /// No distribution: the loss is `‖x − x̂‖²`, and the output the reconstruction. With its constant it is
    /// [`FixedGaussian`](Self::FixedGaussian).
    SquaredError,
    /// No distribution: the loss is `‖x − x̂‖²` with `x̂ = σ(output)`, which so stays within `[0, 1]`.
    BoundedSquaredError,
    /// `N(x̂, ½ I)`: the negative logarithm is `‖x − x̂‖²` and a constant, `½ ln π` for each feature.
    FixedGaussian,
    /// `N(x̂, σ² I)` with one learned σ (Rybkin, Daniilidis and Levine 2021). Its best value is the root of
    /// the mean squared error of a pixel, so it weighs reconstruction against divergence by itself.
    Gaussian,
    /// `N(x̂, diag σ²(z))`: a deviation for every pixel, by the decoder.
    GaussianPerPixel,
    /// A logistic distribution in 256 bins, the outer ones open (Salimans et al. 2017, eq. 2): for pixels that were
    /// bytes.
    DiscretizedLogistic,
    /// One category for the whole block, whose columns are 1 for the category and 0 for the others.
    Categorical,
    /// One of several levels in order, by thresholds on a logistic scale (McCullagh 1980). A column holds the number of
    /// its level.
    Ordinal,
    /// Counts at a rate (variance equal to the mean).
    Poisson,
    /// Counts that vary more than those at a rate: mean `μ`, variance `μ + μ²/r`.
    NegativeBinomial,
    /// The same, but with probability `π` the count is 0 whatever the rate (Lopez et al. 2018).
    ZeroInflated,
    /// Counts of the columns of a block, given their total (Liang et al. 2018, with its coefficient).
    Multinomial,
    /// A token at each place of a text. Places behind the end of the text hold [padding](nn::data::PADDING) and have no
    /// part in it.
    Token,
}

/// The numbers that a likelihood is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// All numbers.
    Real,
    /// From 0 to 1.
    UnitInterval,
    /// 0, 1, 2 and so on.
    Counts,
    /// 1 in one column of a block and 0 in the others.
    OneHot,
    /// Numbers of tokens.
    Tokens,
}

use Likelihood::{
    Bernoulli, BoundedSquaredError, Categorical, ContinuousBernoulli, DiscretizedLogistic, FixedGaussian,
    Gaussian, GaussianPerPixel, Multinomial, NegativeBinomial, Ordinal, Poisson, SquaredError, Token,
    ZeroInflated,
};

impl Likelihood {
    /// All of them: first those that are a function of one number of the decoder and one of the data and learn nothing
    /// besides, of which the first two are no distributions.
    pub const ALL: &[Self] = &[
        SquaredError,
        BoundedSquaredError,
        Bernoulli,
        ContinuousBernoulli,
        FixedGaussian,
        Gaussian,
        GaussianPerPixel,
        DiscretizedLogistic,
        Categorical,
        Ordinal,
        Poisson,
        NegativeBinomial,
        ZeroInflated,
        Multinomial,
        Token,
    ];

    /// Those that are a function of one number of the decoder and one of the data, and learn nothing besides.
    pub const PLAIN: &[Self] = Self::ALL.split_at(4).0;

    /// Those that are distributions.
    pub const DENSITIES: &[Self] = Self::ALL.split_at(2).1;

    /// Whether it is a distribution, with all of its constants.
    pub fn is_density(self) -> bool {
        !matches!(self, SquaredError | BoundedSquaredError)
    }

    /// The unit of its loss.
    pub fn unit(self) -> Unit {
        if self.is_density() { Unit::Nats } else { Unit::SquaredError }
    }

    /// The numbers that it is for.
    pub fn support(self) -> Support {
        match self {
            SquaredError | FixedGaussian | Gaussian | GaussianPerPixel => Support::Real,
            // No error of an output beyond the interval can be small, but every error can be measured.
            BoundedSquaredError => Support::Real,
            Bernoulli | ContinuousBernoulli | DiscretizedLogistic => Support::UnitInterval,
            Ordinal | Poisson | NegativeBinomial | ZeroInflated | Multinomial => Support::Counts,
            Categorical => Support::OneHot,
            Token => Support::Tokens,
        }
    }

    /// The likelihood for columns of this kind when nothing is said.
    pub fn for_kind(kind: Kind) -> Self {
        match kind {
            Kind::Real => Gaussian,
            Kind::UnitInterval => ContinuousBernoulli,
            Kind::Binary => Bernoulli,
            Kind::Count => NegativeBinomial,
            Kind::Token { .. } => Token,
            Kind::Category => Categorical,
            Kind::Ordinal { .. } => Ordinal,
        }
    }

    /// How many numbers a decoder gives for so many columns; `levels` are those of an ordinal one, or the tokens of a text
    /// but padding.
    pub fn parameters(self, columns: usize, levels: usize) -> usize {
        columns
            * match self {
                GaussianPerPixel | DiscretizedLogistic | NegativeBinomial => 2,
                ZeroInflated => 3,
                Ordinal => levels.saturating_sub(1).max(1),
                Token => levels.max(1),
                _ => 1,
            }
    }

    /// The reconstruction term for `[batch, features]`: the sum over features, the mean over the batch.
    ///
    /// # Panics
    /// If the likelihood learns something besides (`gaussian`) or has levels (`ordinal`, `token`), which a [`Head`] knows.
    #[track_caller]
    pub fn loss<'t, T: Real>(self, output: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        match self {
            SquaredError => losses::squared_error(output, x),
            BoundedSquaredError => losses::squared_error(output.sigmoid(), x),
            Bernoulli => losses::bce_with_logits(output, x),
            ContinuousBernoulli => losses::continuous_bernoulli_nll(output, x),
            _ => self.summands(output, x).sum() * (1.0 / x.shape()[0] as f64),
        }
    }

    /// The reconstruction term with a weight `w` for every feature of every example, `Σⱼ wⱼ ℓⱼ`; all of
    /// shape `[batch, features]`.
    ///
    /// # Panics
    /// Those of [`loss`](Self::loss).
    #[track_caller]
    pub fn weighted_loss<'t, T: Real>(self, output: Var<'t, T>, x: Var<'t, T>, w: Var<'t, T>) -> Var<'t, T> {
        (w * self.summands(output, x)).sum() * (1.0 / x.shape()[0] as f64)
    }

    #[track_caller]
    fn summands<'t, T: Real>(self, output: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        assert!(
            !matches!(self, Gaussian | Ordinal | Token),
            "{self:?}: its σ or its levels are known to a Head only"
        );
        self.nll(output, x, None, 0)
    }

    /// `−ln p(x|z)` (or the squared error) of every column, of the shape of `x`. Of a distribution of the whole block it
    /// stands in the first column. `log_var` is the learned `ln σ²`, before its floor.
    #[track_caller]
    fn nll<'t, T: Real>(
        self,
        output: Var<'t, T>,
        x: Var<'t, T>,
        log_var: Option<Var<'t, T>>,
        levels: usize,
    ) -> Var<'t, T> {
        match self {
            SquaredError => (output - x).square(),
            BoundedSquaredError => (output.sigmoid() - x).square(),
            Bernoulli => losses::elementwise::bce_with_logits(output, x),
            ContinuousBernoulli => losses::elementwise::continuous_bernoulli_nll(output, x),
            FixedGaussian | Gaussian | GaussianPerPixel => {
                let (mu, log_var) = gaussian::parameters(self, output, log_var);
                losses::elementwise::gaussian_nll(mu, log_var, x)
            }
            DiscretizedLogistic => unit_interval::logistic_nll(output, x),
            Categorical => categories::in_first_column(output.soft_cross_entropy(x), x),
            Ordinal => categories::ordinal_nll(output, x, levels),
            Poisson => losses::elementwise::poisson_nll(output, x),
            NegativeBinomial => counts::negative_binomial_nll(output, x),
            ZeroInflated => counts::zero_inflated_nll(output, x),
            Multinomial => categories::multinomial_nll(output, x),
            Token => categories::token_nll(output, x, levels),
        }
    }

    /// The reconstruction `x̂`, the mean of the distribution.
    pub fn mean<'t, T: Real>(self, output: Var<'t, T>) -> Var<'t, T> {
        self.mean_with(output, 0)
    }

    fn mean_with<'t, T: Real>(self, output: Var<'t, T>, levels: usize) -> Var<'t, T> {
        match self {
            SquaredError | FixedGaussian | Gaussian => output,
            Bernoulli | BoundedSquaredError => output.sigmoid(),
            ContinuousBernoulli => unit_interval::continuous_bernoulli_mean(output),
            GaussianPerPixel => output.chunk::<2>(-1)[0],
            DiscretizedLogistic => unit_interval::logistic_mean(output),
            Categorical | Multinomial => output.softmax(-1),
            Ordinal => categories::ordinal_mean(output, levels),
            Token => categories::likeliest_tokens(output, levels),
            Poisson => output.exp(),
            NegativeBinomial => output.chunk::<2>(-1)[0].exp(),
            ZeroInflated => counts::zero_inflated_mean(output),
        }
    }

    /// The output that describes the mean of the data: a good initial bias of the last layer, which
    /// then does not have to be learnt first.
    pub fn output_for<T: Real>(self, mean: &Tensor<f32>) -> Tensor<T> {
        let of = |f: fn(f64) -> f64| mean.cast::<f64>().map(f).cast();
        match self {
            SquaredError | FixedGaussian | Gaussian | GaussianPerPixel | DiscretizedLogistic => mean.cast(),
            // Pixels that are always 0 would ask for −∞.
            Bernoulli | BoundedSquaredError | ContinuousBernoulli => {
                mean.cast::<f64>().map(|p| p.clamp(0.01, 0.99)).map(|p| (p / (1.0 - p)).ln()).cast()
            }
            Categorical | Multinomial => of(|p| p.max(1e-3).ln()),
            Ordinal | Token => of(|_| 0.0),
            Poisson | NegativeBinomial | ZeroInflated => of(|mean| mean.max(1e-2).ln()),
        }
    }
}

/// `ln (1 − e⁻ᵈ)` for `d > 0`: with all its digits, as the difference of the exponentials is one of `expm1`.
fn ln_one_less_exp<'t, T: Real>(d: Var<'t, T>) -> Var<'t, T> {
    (-(-d).exp_m1()).ln()
}

#[cfg(test)]
mod tests;
