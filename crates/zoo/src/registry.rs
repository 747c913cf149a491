//! The list of models. The command line, the README's table and the tests all walk it.
//!
//! ```
//! use zoo::{data, registry};
//!
//! # fn main() -> nn::Result<()> {
//! let digits = data::digits();
//! let entry = registry::find("ae")?;
//! let settings = toml::toml! { code = 4 };
//! let model = entry.build(&entry.complete(&settings, &digits.train)?, &digits.train, 0)?;
//! assert_eq!(model.encode(digits.test.x()).shape(), [359, 4]);
//! # Ok(())
//! # }
//! ```

use autograd::Tensor;
use nn::checkpoint::nearest;
use nn::{Dataset, Error, Result, Schedule};
use toml::Table;

use crate::AnyModel;
use crate::data::Preparation;
use crate::models::{autoencoder, linear, pca, vae};
use crate::models::{capacity_vae, conditional_vae, flow_vae, iwae, tc_vae, vamp, vq_vae};
use crate::models::{contractive, ica, rae, sequence, stacked, wae};
use crate::models::{conv, denoising, jumprelu, residual, sparse, sparse_kl, topk};
use crate::settings::check_sizes;
use crate::train::Plan;

mod kind;
pub(crate) use kind::Kind;
use kind::Start;

/// How a model comes to its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Training {
    /// By gradient descent.
    Gradient,
    /// In closed form, when it is built.
    ClosedForm,
}

/// A model of the zoo.
pub struct Entry {
    /// The name on the command line.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Its loss.
    pub equation: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// How it is trained.
    pub training: Training,
    kind: Kind,
}

/// Every model.
// A `const` would be compiled again, with all that it refers to, in every program that names it.
pub static MODELS: &[Entry] = &[
    Entry {
        name: "pca",
        title: "principal component analysis",
        equation: "‖x − x̂‖², linear, solved exactly",
        source: "Pearson 1901; Hotelling 1933",
        training: Training::ClosedForm,
        kind: Kind::of::<pca::Config>(),
    },
    Entry {
        name: "ae",
        title: "autoencoder",
        equation: "‖x − x̂‖²",
        source: "Rumelhart et al. 1986; Hinton & Salakhutdinov 2006",
        training: Training::Gradient,
        kind: Kind::of::<autoencoder::Config>(),
    },
    Entry {
        name: "linear",
        title: "linear autoencoder",
        equation: "‖x − x̂‖², linear",
        source: "Bourlard & Kamp 1988; Baldi & Hornik 1989",
        training: Training::Gradient,
        kind: Kind::of::<linear::Config>(),
    },
    Entry {
        name: "residual",
        title: "residual autoencoder",
        equation: "‖x − x̂‖², blocks y = x + f(x)",
        source: "He et al. 2016; Ioffe & Szegedy 2015",
        training: Training::Gradient,
        kind: Kind::of::<residual::Config>(),
    },
    Entry {
        name: "conv",
        title: "convolutional autoencoder",
        equation: "‖x − x̂‖², strided convolutions",
        source: "Masci et al. 2011; Odena et al. 2016",
        training: Training::Gradient,
        kind: Kind::of::<conv::Config>(),
    },
    Entry {
        name: "denoising",
        title: "denoising autoencoder",
        equation: "E ‖x − g(f(x̃))‖², x̃ damaged",
        source: "Vincent et al. 2008, 2010",
        training: Training::Gradient,
        kind: Kind::of::<denoising::Config>(),
    },
    Entry {
        name: "sparse",
        title: "sparse autoencoder",
        equation: "‖x − x̂‖² + λ Σ|h|",
        source: "Olshausen & Field 1996; Ng 2011",
        training: Training::Gradient,
        kind: Kind::of::<sparse::Config>(),
    },
    Entry {
        name: "sparse-kl",
        title: "sparse autoencoder with a target activity",
        equation: "‖x − x̂‖² + λ ‖W‖² + 2β Σ KL(ρ ‖ ρ̂)",
        source: "Ng 2011",
        training: Training::Gradient,
        kind: Kind::of::<sparse_kl::Config>(),
    },
    Entry {
        name: "topk",
        title: "k-sparse autoencoder",
        equation: "‖x − x̂‖², the k largest units, + α ‖e − ê‖²",
        source: "Makhzani & Frey 2014; Gao et al. 2024",
        training: Training::Gradient,
        kind: Kind::of::<topk::Config>(),
    },
    Entry {
        name: "jumprelu",
        title: "sparse autoencoder with thresholds",
        equation: "‖x − x̂‖² + λ Σ H(z − θ)",
        source: "Rajamanoharan et al. 2024",
        training: Training::Gradient,
        kind: Kind::of::<jumprelu::Config>(),
    },
    Entry {
        name: "vae",
        title: "variational autoencoder",
        equation: "E[−ln p(x|z)] + β KL(q(z|x) ‖ N(0, I))",
        source: "Kingma & Welling 2014; Rezende et al. 2014",
        training: Training::Gradient,
        kind: Kind::of::<vae::Config>(),
    },
    Entry {
        name: "beta-vae",
        title: "β-VAE with a growing capacity",
        equation: "E[−ln p(x|z)] + γ |KL(q(z|x) ‖ N(0, I)) − C|",
        source: "Higgins et al. 2017; Burgess et al. 2018",
        training: Training::Gradient,
        kind: Kind::of::<capacity_vae::Config>(),
    },
    Entry {
        name: "tc-vae",
        title: "β-TC-VAE",
        equation: "E[−ln p(x|z)] + α I(x; z) + β TC(z) + γ Σ KL(q(zⱼ) ‖ p(zⱼ))",
        source: "Chen et al. 2018",
        training: Training::Gradient,
        kind: Kind::of::<tc_vae::Config>(),
    },
    Entry {
        name: "iwae",
        title: "importance-weighted autoencoder",
        equation: "−E[ln 1/K Σ p(x|zₖ) p(zₖ) / q(zₖ|x)]",
        source: "Burda et al. 2016; Tucker et al. 2019",
        training: Training::Gradient,
        kind: Kind::of::<iwae::Config>(),
    },
    Entry {
        name: "vamp",
        title: "VAE with a VampPrior",
        equation: "E[−ln p(x|z)] + KL(q(z|x) ‖ 1/K Σ q(z|uₖ))",
        source: "Tomczak & Welling 2018",
        training: Training::Gradient,
        kind: Kind::of::<vamp::Config>(),
    },
    Entry {
        name: "flow-vae",
        title: "VAE with a normalizing flow",
        equation: "E[−ln p(x|z) + ln q₀(z₀|x) − ln |det ∂z/∂z₀| − ln p(z)]",
        source: "Rezende & Mohamed 2015; Kingma et al. 2016",
        training: Training::Gradient,
        kind: Kind::of::<flow_vae::Config>(),
    },
    Entry {
        name: "cvae",
        title: "conditional VAE",
        equation: "E[−ln p(x|z, y)] + KL(q(z|x, y) ‖ N(0, I)) − α ln q(y|x)",
        source: "Sohn et al. 2015; Kingma et al. 2014",
        training: Training::Gradient,
        kind: Kind::of::<conditional_vae::Config>(),
    },
    Entry {
        name: "vq-vae",
        title: "vector-quantised autoencoder",
        equation: "‖x − x̂(e)‖² + β ‖z − sg(e)‖²",
        source: "van den Oord et al. 2017",
        training: Training::Gradient,
        kind: Kind::of::<vq_vae::Config>(),
    },
    Entry {
        name: "contractive",
        title: "contractive autoencoder",
        equation: "−ln p(x|z) + λ ‖∂z/∂x‖²",
        source: "Rifai et al. 2011",
        training: Training::Gradient,
        kind: Kind::of::<contractive::Config>(),
    },
    Entry {
        name: "rae",
        title: "regularised autoencoder",
        equation: "‖x − x̂‖² + β ½ ‖z‖² + λ ‖∂x̂/∂z‖²",
        source: "Ghosh et al. 2020",
        training: Training::Gradient,
        kind: Kind::of::<rae::Config>(),
    },
    Entry {
        name: "wae",
        title: "Wasserstein autoencoder",
        equation: "‖x − x̂‖² + λ MMD²(q(z), N(0, I))",
        source: "Tolstikhin et al. 2018; Kolouri et al. 2019",
        training: Training::Gradient,
        kind: Kind::of::<wae::Config>(),
    },
    Entry {
        name: "stacked",
        title: "stacked autoencoder, pretrained layer by layer",
        equation: "−ln p(x|z)",
        source: "Bengio et al. 2007; Vincent et al. 2010",
        training: Training::Gradient,
        kind: Kind::of::<stacked::Config>(),
    },
    Entry {
        name: "ica",
        title: "independent components (reconstruction ICA)",
        equation: "‖WᵀWx̃ − x̃‖² + λ Σ ln cosh z, x̃ white",
        source: "Le et al. 2011",
        training: Training::Gradient,
        kind: Kind::of::<ica::Config>(),
    },
    Entry {
        name: "sequence",
        title: "sequence autoencoder",
        equation: "Σₜ ‖xₜ − x̂ₜ‖², read and written by GRUs",
        source: "Srivastava et al. 2015; Cho et al. 2014",
        training: Training::Gradient,
        kind: Kind::of::<sequence::Config>(),
    },
];

/// The model with this name.
///
/// # Errors
/// If there is none; the message names the nearest.
pub fn find(name: &str) -> Result<&'static Entry> {
    MODELS.iter().find(|entry| entry.name == name).ok_or_else(|| {
        let names = || MODELS.iter().map(|entry| entry.name);
        let known = names().collect::<Vec<_>>().join(", ");
        Error::setting(
            "model",
            match nearest(name, names()) {
                Some(near) => format!("there is no model `{name}`; did you mean `{near}`? (models: {known})"),
                None => format!("there is no model `{name}`; the models are {known}"),
            },
        )
    })
}

impl Entry {
    /// The given settings, completed with the defaults for this data.
    ///
    /// # Errors
    /// If a setting is unknown or has the wrong type.
    pub fn complete(&self, given: &Table, data: &Dataset) -> Result<Table> {
        self.kind.complete(given, data).map_err(|error| error.within(format!("model `{}`", self.name)))
    }

    /// A model with these settings for this training data; the seed decides its initial parameters.
    ///
    /// # Errors
    /// If a setting makes no sense.
    pub fn build(&self, settings: &Table, data: &Dataset, seed: u64) -> Result<Box<dyn AnyModel>> {
        check_sizes(settings, data.width())?;
        (self.kind.build)(settings, data, Start::Seed(seed))
    }

    /// A model with these settings that waits for the parameters of a checkpoint. It needs to know what the
    /// training data were like, not the data.
    ///
    /// # Errors
    /// If a setting makes no sense.
    pub fn outline(&self, settings: &Table, data: &Preparation) -> Result<Box<dyn AnyModel>> {
        const ROWS: usize = 4;
        let labels = data.classes.checked_sub(1).map(|last| vec![last as u32; ROWS]);
        check_sizes(settings, data.features)?;
        let x = Tensor::zeros([ROWS, data.features]);
        let like = Dataset::new(x).with_labels(labels).with_schema(data.schema.clone());
        (self.kind.build)(settings, &like, Start::Checkpoint(data.examples))
            .map_err(|error| error.within(format!("model `{}`", self.name)))
    }

    /// Whether a layer of it has a weight for every feature, and not for a neighbourhood or a step.
    fn reads_all_at_once(&self) -> bool {
        !["conv", "sequence"].contains(&self.name)
    }

    /// The sentence about gaps of these data, if the model learns from what they are filled with.
    pub fn on_gaps(&self, data: &Dataset) -> Option<String> {
        const KNOWS: [&str; 11] =
            ["ae", "vae", "beta-vae", "tc-vae", "iwae", "vamp", "flow-vae", "cvae", "wae", "rae", "vq-vae"];
        (data.observed().is_some() && !KNOWS.contains(&self.name)).then(|| {
            format!("`{}` learns from gaps as if they held the mean of their column; `ae` and `vae` leave them out", self.name)
        })
    }

    /// Whether it makes examples of a class that is asked for.
    pub fn draws_classes(&self) -> bool {
        self.name == "cvae"
    }

    /// Whether nothing but a small code keeps the model from copying its input.
    pub fn may_copy(&self) -> bool {
        ["pca", "linear", "ae", "residual", "conv", "sequence", "stacked", "ica"].contains(&self.name)
    }

    /// Name of an example of this data for this model, as in the unit of its error: `img`, `row` or `sequence`.
    pub fn example(&self, data: &Dataset) -> &'static str {
        match data.schema().as_image() {
            _ if self.name == "sequence" => "sequence",
            Some(_) => "img",
            None => "row",
        }
    }

    /// The words that a setting of this name may be in complete settings, if it is one of a few.
    pub(crate) fn words(&self, settings: &Table, setting: &str) -> Vec<&'static str> {
        (self.kind.words)(settings, setting)
    }

    /// How to train it on this data when nothing else is said.
    pub fn plan(&self, data: &Dataset) -> Plan {
        self.plan_for(data.width(), data.len())
    }

    /// The same for so many features and examples, which need not all be in memory.
    ///
    /// What a network learns depends on the number of steps. So few examples are gone through more often than many: the
    /// steps are those of the embedded digits in 600 epochs, for wide examples those of MNIST in 20. A few pictures
    /// come in small batches, or an epoch would be a single step. A step of Adam changes every weight by the learning
    /// rate, and the sum that a unit makes of an example by as much for each of its features; so the rate falls where
    /// a layer reads thousands of them at once.
    pub fn plan_for(&self, features: usize, examples: usize) -> Plan {
        let small = features < 256;
        let (steps, batch, learning_rate) =
            if small { (13_800, 64, 2e-3) } else { (9_380, (examples / 8).clamp(16, 128), 1e-3) };
        let batch = batch.min(examples);
        let epochs = (steps / examples.div_ceil(batch.max(1)).max(1)).clamp(20, 600);
        /// As many features as the rate above suits.
        const SUITED: f64 = 1024.0;
        let learning_rate = match self.reads_all_at_once() {
            true => learning_rate * (SUITED / features as f64).sqrt().min(1.0),
            false => learning_rate,
        };
        let schedule = if small { Schedule::Cosine { floor: 0.0 } } else { Schedule::Constant };
        Plan { epochs, batch, learning_rate, schedule, ..Plan::default() }
    }
}

/// The sentence for a setting that does not exist; `prefix` is `train.` for those of training.
pub(crate) fn unknown(prefix: &str, key: &str, known: &[&str]) -> Error {
    let all = known.iter().map(|name| format!("{prefix}{name}")).collect::<Vec<_>>().join(", ");
    Error::setting(
        format!("{prefix}{key}"),
        match nearest(key, known.iter().copied()) {
            Some(near) => {
                format!(
                    "there is no setting `{prefix}{key}`; did you mean `{prefix}{near}`? (settings: {all})"
                )
            }
            None => format!("there is no setting `{prefix}{key}`; its settings are {all}"),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_examples_are_gone_through_more_often_than_many() {
        let plan = |features, examples| {
            let Plan { epochs, batch, .. } = find("ae").unwrap().plan_for(features, examples);
            (epochs, batch)
        };
        assert_eq!(plan(64, 1438), (600, 64), "the embedded digits");
        assert_eq!(plan(784, 60_000), (20, 128), "MNIST");
        assert_eq!(plan(1024, 96), (600, 16), "a few photos");
        assert_eq!(plan(10, 1_000_000), (20, 64), "a long table");
        assert_eq!([plan(10, 1), plan(784, 1)], [(600, 1); 2]);
    }

    #[test]
    fn many_features_are_learnt_in_smaller_steps() {
        let rate = |name: &str, features| find(name).unwrap().plan_for(features, 1000).learning_rate;
        assert_eq!([rate("ae", 64), rate("ae", 784), rate("ae", 4096)], [2e-3, 1e-3, 5e-4]);
        assert_eq!(rate("conv", 128 * 128), 1e-3);
    }
}
