//! Groups of parameters with a learning rate and a weight decay of their own.

use std::sync::Arc;

use autograd::{Leaf, Name, Tree};
use serde::{Deserialize, Serialize};

use super::each_parameter;
use super::memory::is;
use crate::checkpoint::nearest;
use crate::{Error, Result};

/// Settings for all parameters whose name fits a pattern.
///
/// ```
/// use nn::optim::Group;
///
/// let biases = Group::new("*.bias").with_weight_decay(0.0);
/// let slow = Group::new("encoder.*").with_rate_factor(0.1);
/// assert!(biases.fits("encoder.0.bias") && slow.fits("encoder.0.bias"));
/// assert!(!biases.fits("encoder.0.weight") && !slow.fits("decoder.encoder.0"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// A parameter's name, in which every `*` stands for any text, also for none: `*.bias`,
    /// `encoder.*`, `*`.
    pub pattern: String,
    /// The learning rate is multiplied by this number, at least 0; 0 keeps the parameters as they are,
    /// unless they decay on their own.
    #[serde(default = "one")]
    pub rate_factor: f64,
    /// Replaces the optimizer's own `weight_decay` or `l2`, if given.
    #[serde(default)]
    pub weight_decay: Option<f64>,
}

fn one() -> f64 {
    1.0
}

impl Group {
    /// A group that changes nothing yet.
    pub fn new(pattern: impl Into<String>) -> Self {
        Group { pattern: pattern.into(), rate_factor: 1.0, weight_decay: None }
    }

    /// The same group with this factor on the learning rate.
    pub fn with_rate_factor(self, rate_factor: f64) -> Self {
        Group { rate_factor, ..self }
    }

    /// The same group with this decay.
    pub fn with_weight_decay(self, weight_decay: f64) -> Self {
        Group { weight_decay: Some(weight_decay), ..self }
    }

    /// Whether a name fits the pattern.
    pub fn fits(&self, name: &str) -> bool {
        let Some((head, tail)) = self.pattern.split_once('*') else { return self.pattern == name };
        let Some(mut rest) = name.strip_prefix(head) else { return false };
        let mut parts: Vec<&str> = tail.split('*').collect();
        let last = parts.pop().expect("split gives at least one part");
        // What stands between two stars may as well be found as early as possible.
        for part in parts {
            let Some(place) = rest.find(part) else { return false };
            rest = &rest[place + part.len()..];
        }
        rest.ends_with(last)
    }

    fn check(&self) -> Result<()> {
        let wrong = |what: &str, value: f64| {
            let pattern = &self.pattern;
            let text =
                format!("the {what} of group `{pattern}` is {value}; it must be a number of at least 0");
            Err(Error::setting(what, text))
        };
        let fine = |value: f64| value >= 0.0 && value.is_finite();
        match self.weight_decay {
            _ if !fine(self.rate_factor) => wrong("rate factor", self.rate_factor),
            Some(decay) if !fine(decay) => wrong("weight decay", decay),
            _ => Ok(()),
        }
    }
}

/// The groups of one model, looked up once, so that a step need not compare names.
///
/// If several groups fit a parameter, their rate factors are multiplied, and the last one that gives
/// a weight decay decides on it. Without groups all parameters are treated alike.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    /// One for each parameter, or none at all.
    settings: Arc<[Settings]>,
}

#[derive(Clone, Debug)]
pub(super) struct Settings {
    name: String,
    pub(super) rate_factor: f64,
    pub(super) weight_decay: Option<f64>,
}

/// What holds without groups.
static PLAIN: Settings = Settings { name: String::new(), rate_factor: 1.0, weight_decay: None };

impl Groups {
    /// Sorts the parameters of a model into groups. [Buffers](autograd::Buffer) are no parameters.
    ///
    /// # Errors
    /// If a pattern fits no parameter, or a setting is negative or not finite.
    pub fn of<W: Leaf>(model: &impl Tree<W>, groups: Vec<Group>) -> Result<Self> {
        let mut names = vec![];
        each_parameter(model, |name, _| names.push(name.to_string()));
        Groups::for_names(names, &groups)
    }

    /// Sorts parameters of these names, in the order of [`Tree::visit`], into groups.
    ///
    /// # Errors
    /// As [`of`](Self::of).
    pub fn for_names(names: Vec<String>, groups: &[Group]) -> Result<Self> {
        for group in groups {
            group.check()?;
            if names.iter().any(|name| group.fits(name)) {
                continue;
            }
            let hint = match nearest(&group.pattern, names.iter().map(String::as_str)) {
                Some(name) => format!("the nearest is `{name}`"),
                None => format!("the model has {}", listed(&names)),
            };
            let pattern = &group.pattern;
            return Err(Error::setting(
                "pattern",
                format!("no parameter fits the pattern `{pattern}`; {hint}"),
            ));
        }
        let settings = names.into_iter().map(|name| {
            let mut settings = Settings { name, ..PLAIN.clone() };
            for group in groups.iter().filter(|group| group.fits(&settings.name)) {
                settings.rate_factor *= group.rate_factor;
                settings.weight_decay = group.weight_decay.or(settings.weight_decay);
            }
            settings
        });
        Ok(Groups { settings: settings.collect() })
    }

    /// The settings of parameter number `index`.
    pub(super) fn settings(&self, index: usize) -> &Settings {
        self.settings.get(index).unwrap_or(&PLAIN)
    }

    /// Why parameter number `index` of this name is none of the model that the groups were made for, if it is none.
    pub(super) fn problem(&self, index: usize, name: Name) -> Option<String> {
        let (count, number) = (self.settings.len(), index + 1);
        match self.settings.get(index) {
            Some(Settings { name: other, .. }) => (!is(name, other)).then(|| {
                format!(
                    "the groups were made for another model: there parameter number {number} is `{other}`, here \
                     `{name}`"
                )
            }),
            None => (count > 0).then(|| {
                format!(
                    "the groups were made for a model with {count} parameters; `{name}` is number {number}"
                )
            }),
        }
    }
}

/// The first few names, for a sentence.
fn listed(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().take(4).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > quoted.len() { ", …" } else { "" };
    quoted.join(", ") + more
}

#[cfg(test)]
mod tests {
    use autograd::Tensor;

    use super::*;
    use crate::optim::Sgd;
    use crate::{Activation, Mlp, Purpose, generator};

    fn mlp() -> Mlp<Tensor<f64>> {
        Mlp::new(&[2, 3, 1], Activation::Tanh, &mut generator(0, Purpose::Init, 0, 0))
    }

    #[test]
    fn patterns() {
        let fits = |pattern: &str, name: &str| Group::new(pattern).fits(name);
        assert!(fits("a.b", "a.b") && !fits("a.b", "a.bc") && !fits("a", "a.b"));
        assert!(fits("*", "") && fits("*", "a.b") && fits("a*b*c", "abc") && fits("a*b*c", "a.b.b.c"));
        assert!(!fits("a*b*c", "acb") && !fits("aa*aa", "aaa") && fits("aa*aa", "aaaa"));
        assert!(fits("*b*", "abc") && !fits("*b*", "ac") && fits("**", "x"));
    }

    #[test]
    fn factors_multiply_and_the_last_decay_counts() {
        let mut model = mlp();
        let gradient = model.map(Name::Root, &mut |_, w: &Tensor<f64>| Tensor::zeros(w.shape()));
        let groups = vec![
            Group::new("*").with_weight_decay(1.0),
            Group::new("*.bias").with_rate_factor(0.5).with_weight_decay(0.0),
            Group::new("2.*").with_rate_factor(0.5),
        ];
        let mut sgd = Sgd::new(0.5);
        sgd.set_groups(Groups::of(&model, groups).unwrap());
        model.visit_mut(Name::Root, &mut |_, w| *w = Tensor::ones(w.shape()));
        sgd.step(&mut model, &gradient);
        let mut seen = vec![];
        model.visit(&mut |name, w: &Tensor<f64>| seen.push((name.to_string(), w.to_vec()[0])));
        let expected = [("0.weight", 0.5), ("0.bias", 1.0), ("2.weight", 0.75), ("2.bias", 1.0)];
        assert_eq!(seen, expected.map(|(name, w)| (name.to_owned(), w)));
    }

    #[test]
    fn mistakes_are_explained() {
        let problem = |group: Group| Groups::of(&mlp(), vec![group]).unwrap_err().to_string();
        assert_eq!(
            problem(Group::new("0.wieght")),
            "no parameter fits the pattern `0.wieght`; the nearest is `0.weight`"
        );
        assert_eq!(
            problem(Group::new("zzz*")),
            "no parameter fits the pattern `zzz*`; the model has `0.weight`, `0.bias`, `2.weight`, `2.bias`"
        );
        assert_eq!(
            problem(Group::new("*").with_rate_factor(-1.0)),
            "the rate factor of group `*` is -1; it must be a number of at least 0"
        );
        assert!(problem(Group::new("*").with_weight_decay(f64::NAN)).contains("weight decay"));
    }

    #[test]
    #[should_panic(expected = "the groups were made for a model with 4 parameters; `4.weight` is number 5")]
    fn a_larger_model() {
        step(&Mlp::new(&[2, 3, 1, 1], Activation::Tanh, &mut generator(0, Purpose::Init, 0, 0)));
    }

    #[test]
    #[should_panic(expected = "for another model: there parameter number 1 is `0.weight`, here `0`")]
    fn another_model() {
        step(&vec![Tensor::<f64>::ones([1]); 4]);
    }

    fn step<M: Tree<Tensor<f64>, With<Tensor<f64>> = M>>(model: &M) {
        let mut sgd = Sgd::new(0.1);
        sgd.set_groups(Groups::of(&mlp(), vec![Group::new("*")]).unwrap());
        let mut copy = model.map(Name::Root, &mut |_, w: &Tensor<f64>| w.clone());
        sgd.step(&mut copy, model);
    }
}
