//! How an example is distributed around what a decoder says: `p(x|z)`, for each kind of column.
//!
//! A [`Likelihood`] says what the numbers of a decoder mean. Every one that [is a density](Likelihood::is_density) is
//! complete with its constants, in nats, so that bounds and likelihoods compare. A [`Head`] has one for each block of a
//! [`Schema`](nn::data::schema::Schema).
//!
//! Each has a file: its formulas, its source, and what it is checked by. `zoo list --likelihoods` has a line for each.

pub mod bernoulli;
pub mod bounded_squared_error;
pub mod categorical;
pub mod continuous_bernoulli;
pub mod discretized_logistic;
pub mod fixed_gaussian;
pub mod gaussian;
pub mod gaussian_per_pixel;
mod head;
pub mod multinomial;
pub mod negative_binomial;
pub mod ordinal;
mod part;
pub mod poisson;
mod said;
pub mod squared_error;
pub mod token;
pub mod zero_inflated;

#[cfg(test)]
mod checks;
#[cfg(test)]
mod tests;

use autograd::{Real, Tensor, Var};
use nn::data::schema::Kind;
use nn::losses::Unit;
use nn::{Context, Dataset, Result};
use serde::{Deserialize, Serialize};

pub use self::head::Head;
use self::part::Part;
use self::said::Said;

/// The numbers that a likelihood is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// All numbers.
    Real,
    /// From 0 to 1.
    UnitInterval,
    /// 0, 1, 2 and so on.
    Counts,
    /// Numbers of levels in order, from 0.
    Levels,
    /// 1 in one column of a block and 0 in the others.
    OneHot,
    /// Numbers of tokens.
    Tokens,
}

impl Support {
    /// Its numbers in words.
    pub fn words(self) -> &'static str {
        match self {
            Support::Real => "all numbers",
            Support::UnitInterval => "from 0 to 1",
            Support::Counts => "0, 1, 2, …",
            Support::Levels => "levels 0, 1, 2, …",
            Support::OneHot => "one column is 1",
            Support::Tokens => "tokens",
        }
    }

    /// Whether columns of this kind have such numbers.
    fn fits(self, kind: Kind) -> bool {
        match kind {
            Kind::Real => self == Support::Real,
            Kind::UnitInterval | Kind::Binary => matches!(self, Support::Real | Support::UnitInterval),
            Kind::Count => self == Support::Counts,
            Kind::Token { .. } => self == Support::Tokens,
            Kind::Category => self == Support::OneHot,
            Kind::Ordinal { .. } => self == Support::Levels,
        }
    }
}

/// A likelihood of the columns of one block: what its file implements.
trait Density {
    /// Its distribution in a few words, for `zoo list --likelihoods`.
    const TITLE: &'static str;

    /// The decoder's numbers for a column. They stand side by side in a block: the first of all columns, then the second.
    const NUMBERS: &'static [&'static str];

    /// The numbers that it is for.
    const SUPPORT: Support;

    /// The unit of its loss; anything but nats says that it is no distribution.
    const UNIT: Unit = Unit::Nats;

    /// Whether one variance is learned beside the network; [`Said::log_var`] has it.
    const LEARNS_VARIANCE: bool = false;

    /// `−ln p(x|z)` (or the error) of every column, of the shape of `x`. Of a distribution of the whole block it stands in
    /// the first column.
    fn nll<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T>;

    /// The reconstruction `x̂`, the mean of the distribution.
    fn mean<'t, T: Real>(said: Said<'t, T>) -> Var<'t, T>;

    /// A draw for every row, with the noise of the context's examples.
    fn draw<T: Real>(said: Said<'_, T>, context: &mut Context) -> Tensor<T>;

    /// The decoder's numbers that describe the mean and the spread of the data, `[parameters]`: a good initial bias, which
    /// then does not have to be learnt first.
    fn first(data: &Part, levels: usize) -> Tensor<f32>;

    /// The number of levels or tokens of such data, if it has levels.
    ///
    /// # Errors
    /// If the data are no whole numbers from 0 up.
    fn levels(_kind: Kind, _data: &Part) -> Result<usize> {
        Ok(0)
    }

    /// How many numbers the decoder gives for a column.
    fn per_column(_levels: usize) -> usize {
        Self::NUMBERS.len()
    }

    /// The reconstruction term of a loss: the sum over columns, the mean over the batch.
    #[track_caller]
    fn loss<'t, T: Real>(said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        Self::nll(said, x).sum_over(-1).mean()
    }
}

/// Every likelihood is a line here, and a file. `errors` are no distributions; `coins` are those of a number from 0 to 1 by one
/// number of the decoder, which models with layers of their own take as well. A new distribution is one of the `others`.
macro_rules! likelihoods {
    (
        errors { $($error:ident $error_file:ident,)+ }
        coins { $($coin:ident $coin_file:ident,)+ }
        others { $($other:ident $other_file:ident,)+ }
    ) => {
        impl Likelihood {
            /// Those that are a function of one number of the decoder and one of the data, and learn nothing besides.
            pub const PLAIN: &[Self] = &[$(Likelihood::$error,)+ $(Likelihood::$coin,)+];

            /// Those that are distributions.
            pub const DENSITIES: &[Self] = &[$(Likelihood::$coin,)+ $(Likelihood::$other,)+];
        }

        likelihoods! { $($error $error_file,)+ $($coin $coin_file,)+ $($other $other_file,)+ }
    };
    ($($name:ident $file:ident,)+) => {
        /// The distribution of the data around what a decoder says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Likelihood {
            $(
                #[doc = concat!("See [`", stringify!($file), "`].")]
                $name,
            )+
        }

        impl Likelihood {
            /// All of them.
            pub const ALL: &[Self] = &[$(Likelihood::$name,)+];

            /// Its word in a configuration.
            pub fn word(self) -> &'static str {
                match self {
                    $(Likelihood::$name => stringify!($file),)+
                }
            }

            /// Its distribution in a few words.
            pub fn title(self) -> &'static str {
                match self {
                    $(Likelihood::$name => $file::$name::TITLE,)+
                }
            }

            /// The decoder's numbers for a column.
            pub fn numbers(self) -> &'static [&'static str] {
                match self {
                    $(Likelihood::$name => $file::$name::NUMBERS,)+
                }
            }

            /// The numbers that it is for.
            pub fn support(self) -> Support {
                match self {
                    $(Likelihood::$name => $file::$name::SUPPORT,)+
                }
            }

            /// The unit of its loss.
            pub fn unit(self) -> Unit {
                match self {
                    $(Likelihood::$name => $file::$name::UNIT,)+
                }
            }

            fn learns_variance(self) -> bool {
                match self {
                    $(Likelihood::$name => $file::$name::LEARNS_VARIANCE,)+
                }
            }

            fn levels(self, kind: Kind, data: &Part) -> Result<usize> {
                match self {
                    $(Likelihood::$name => $file::$name::levels(kind, data),)+
                }
            }

            fn per_column(self, levels: usize) -> usize {
                match self {
                    $(Likelihood::$name => $file::$name::per_column(levels),)+
                }
            }

            fn first(self, data: &Part, levels: usize) -> Tensor<f32> {
                match self {
                    $(Likelihood::$name => $file::$name::first(data, levels),)+
                }
            }

            #[track_caller]
            fn nll_of<'t, T: Real>(self, said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
                match self {
                    $(Likelihood::$name => $file::$name::nll(said, x),)+
                }
            }

            #[track_caller]
            fn loss_of<'t, T: Real>(self, said: Said<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
                match self {
                    $(Likelihood::$name => $file::$name::loss(said, x),)+
                }
            }

            fn mean_of<'t, T: Real>(self, said: Said<'t, T>) -> Var<'t, T> {
                match self {
                    $(Likelihood::$name => $file::$name::mean(said),)+
                }
            }

            fn draw_of<T: Real>(self, said: Said<'_, T>, context: &mut Context) -> Tensor<T> {
                match self {
                    $(Likelihood::$name => $file::$name::draw(said, context),)+
                }
            }
        }
    };
}

likelihoods! {
    errors {
        SquaredError squared_error,
        BoundedSquaredError bounded_squared_error,
    }
    coins {
        Bernoulli bernoulli,
        ContinuousBernoulli continuous_bernoulli,
    }
    others {
        FixedGaussian fixed_gaussian,
        Gaussian gaussian,
        GaussianPerPixel gaussian_per_pixel,
        DiscretizedLogistic discretized_logistic,
        Categorical categorical,
        Ordinal ordinal,
        Poisson poisson,
        NegativeBinomial negative_binomial,
        ZeroInflated zero_inflated,
        Multinomial multinomial,
        Token token,
    }
}

impl Likelihood {
    /// Whether it is a distribution, with all of its constants.
    pub fn is_density(self) -> bool {
        self.unit() == Unit::Nats
    }

    /// The likelihood for columns of this kind when nothing is said.
    pub fn for_kind(kind: Kind) -> Self {
        match kind {
            Kind::Real => Self::Gaussian,
            Kind::UnitInterval => Self::ContinuousBernoulli,
            Kind::Binary => Self::Bernoulli,
            Kind::Count => Self::NegativeBinomial,
            Kind::Token { .. } => Self::Token,
            Kind::Category => Self::Categorical,
            Kind::Ordinal { .. } => Self::Ordinal,
        }
    }

    /// The decoder's numbers that describe columns of this mean, `[columns]`: a good initial bias of the last layer, which
    /// then does not have to be learnt first.
    pub fn output_for(self, mean: &Tensor<f32>) -> Tensor<f32> {
        let of_mean = Dataset::new(mean.unsqueeze(0));
        self.first(&Part::of(&of_mean, 0..mean.len()), 0)
    }

    /// The reconstruction term for `[batch, features]`: the sum over features, the mean over the batch.
    ///
    /// # Panics
    /// If the likelihood learns something besides (`gaussian`) or has levels (`ordinal`, `token`), which a [`Head`] knows.
    #[track_caller]
    pub fn loss<'t, T: Real>(self, output: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        self.loss_of(self.alone(output), x)
    }

    /// The reconstruction term with a weight `w` for every feature of every example, `Σⱼ wⱼ ℓⱼ`; all of
    /// shape `[batch, features]`.
    ///
    /// # Panics
    /// Those of [`loss`](Self::loss).
    #[track_caller]
    pub fn weighted_loss<'t, T: Real>(self, output: Var<'t, T>, x: Var<'t, T>, w: Var<'t, T>) -> Var<'t, T> {
        (w * self.nll_of(self.alone(output), x)).sum() * (1.0 / x.shape()[0] as f64)
    }

    /// The reconstruction `x̂`, the mean of the distribution.
    ///
    /// # Panics
    /// Those of [`loss`](Self::loss).
    #[track_caller]
    pub fn mean<'t, T: Real>(self, output: Var<'t, T>) -> Var<'t, T> {
        self.mean_of(self.alone(output))
    }

    /// `−ln p` of every column.
    #[cfg(test)]
    fn nll_alone<'t, T: Real>(self, output: Var<'t, T>, x: Var<'t, T>) -> Var<'t, T> {
        self.nll_of(self.alone(output), x)
    }

    #[track_caller]
    fn alone<T: Real>(self, output: Var<'_, T>) -> Said<'_, T> {
        let whole = !self.learns_variance() && !matches!(self.support(), Support::Levels | Support::Tokens);
        assert!(whole, "{self:?}: its σ or its levels are known to a Head only");
        Said { output, per_column: self.per_column(0), log_var: None, levels: 0 }
    }
}

/// The number before a sigmoid. Pixels that are always 0 would ask for −∞.
fn logit(p: f64) -> f64 {
    let p = p.clamp(0.01, 0.99);
    (p / (1.0 - p)).ln()
}

/// `ln (1 − e⁻ᵈ)` for `d > 0`: with all its digits, as the difference of the exponentials is one of `expm1`.
fn ln_one_less_exp<'t, T: Real>(d: Var<'t, T>) -> Var<'t, T> {
    (-(-d).exp_m1()).ln()
}
