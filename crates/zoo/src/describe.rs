//! Models and their settings in words. The words are the documentation comments of each model's own file,
//! so what the program says and what the code says cannot differ.
//!
//! ```
//! use zoo::{data, describe, registry};
//!
//! let model = describe::model(registry::find("vae")?, &data::digits().train);
//! assert!(model.about.starts_with("The variational autoencoder (Kingma and Welling 2014"));
//! let beta = model.settings.iter().find(|setting| setting.name == "model.beta").unwrap();
//! assert_eq!((beta.default.as_str(), beta.about.as_str()), ("1.0", "Weight of the divergence, ≥ 0."));
//! # Ok::<(), nn::Error>(())
//! ```

use nn::Dataset;
use serde::Serialize;
use toml::{Table, Value};

use crate::network::Network;
use crate::registry::{Entry, Training};
use crate::settings::{self, typed};
use crate::train::Plan;

/// A model in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Description {
    /// The name on the command line.
    pub name: &'static str,
    /// What it is, in a few words.
    pub title: &'static str,
    /// Its loss.
    pub equation: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// What it does and why, with its equations; paragraphs are separated by empty lines.
    pub about: String,
    /// Its settings.
    pub settings: Vec<Setting>,
    /// Settings of training, which are called `train.NAME`; none for a model in closed form.
    pub training: Vec<Setting>,
}

/// A setting in words.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// Its key.
    pub name: String,
    /// Its value when nothing is said, as TOML writes it.
    pub default: String,
    /// What it means, with range and unit.
    pub about: String,
    /// The words it may be, if it is one of a few; as far as this model can use them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// Describes a model with the defaults for this data.
pub fn model(entry: &Entry, data: &Dataset) -> Description {
    let defaults = entry.complete(&Table::new(), data).unwrap_or_default();
    with_settings(entry, &defaults, &entry.plan(data))
}

/// Describes a model with these complete settings and this plan in place of defaults.
pub fn with_settings(entry: &Entry, defaults: &Table, plan: &Plan) -> Description {
    let text = entry.text;
    let name =
        |section: &str| defaults.get(section).and_then(|table| table.get("name")).and_then(Value::as_str);
    let [file, start] = name("network").and_then(Network::text).unwrap_or_default();
    let layers = fields(file, start);
    let design = fields(include_str!("network/mod.rs"), "pub struct Design {");
    let about = |key: &str| {
        let of = |comments: &[(String, String)], name: &str| {
            comments.iter().find(|(field, _)| field == name).map(|(_, about)| about.clone())
        };
        let (section, short) = key.split_once('.').unwrap_or(("", key));
        let found = match (section, short) {
            ("network", "name") => of(&design, "network"),
            ("network", short) => of(&layers, short),
            ("likelihood", _) => {
                of(&fields(text, "pub struct Config {"), "likelihood").or_else(|| of(&design, "likelihood"))
            }
            (_, short) => of(&fields(text, "pub struct Config {"), short).or_else(|| of(&design, short)),
        };
        found.unwrap_or_default()
    };
    let settings = settings::names(defaults).into_iter().map(|key| Setting {
        default: settings::find(defaults, &key).map_or(String::new(), ToString::to_string),
        about: about(&key),
        values: entry.words(defaults, &key).into_iter().map(str::to_owned).collect(),
        name: key,
    });
    let plan = Table::try_from(plan).unwrap_or_default();
    let training = fields(include_str!("../../nn/src/train/plan.rs"), "pub struct Plan {");
    let training = training.into_iter().map(|(name, about)| Setting {
        default: plan.get(&name).map_or("none".to_owned(), ToString::to_string),
        // Some words need numbers beside them, as the schedule of the rate does: they are words all the same.
        values: typed::words::<Plan>(&plan, &name).iter().map(|word| (*word).to_owned()).collect(),
        name,
        about,
    });
    Description {
        name: entry.name,
        title: entry.title,
        equation: entry.equation,
        source: entry.source,
        about: about_model(entry),
        settings: settings.collect(),
        training: if entry.training == Training::Gradient { training.collect() } else { vec![] },
    }
}

/// The comment at the head of the file that explains a model, after what it is a preset of.
fn about_model(entry: &Entry) -> String {
    let text = paragraphs(entry.about.lines().map_while(|line| line.strip_prefix("//!")));
    match &entry.preset {
        None => text,
        Some(preset) => {
            let settings = preset.settings.replace('\n', ", ");
            format!("This is {} with {settings}.\n\n{text}", preset.of.name)
        }
    }
}

/// The fields of a struct with their comments.
fn fields(text: &str, of: &str) -> Vec<(String, String)> {
    let Some((_, body)) = text.split_once(of) else { return vec![] };
    let (mut fields, mut comment) = (vec![], vec![]);
    for line in body.lines().map(str::trim).take_while(|line| *line != "}") {
        if let Some(text) = line.strip_prefix("///") {
            comment.push(text);
        } else if let Some((name, _)) = line.strip_prefix("pub ").and_then(|field| field.split_once(':')) {
            fields.push((name.to_owned(), paragraphs(comment.drain(..))));
        }
    }
    fields
}

/// Lines of a comment as plain text: each paragraph and each quoted equation on a line, without code
/// examples and without the marks of links.
fn paragraphs<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let (mut text, mut code) = (String::new(), false);
    let mut after_quote = false;
    for line in lines.map(str::trim) {
        if line.starts_with("```") {
            code = !code;
        } else if !code {
            let quote = line.strip_prefix("> ");
            let begins = quote.is_some() || after_quote || line.starts_with("- ") || line.starts_with('|');
            if line.is_empty() {
                text += if text.ends_with("\n\n") || text.is_empty() { "" } else { "\n\n" };
            } else {
                let separator = match text.chars().last() {
                    None | Some('\n') => "",
                    Some(_) if begins => "\n",
                    Some(_) => " ",
                };
                text += &format!(
                    "{separator}{}{}",
                    if quote.is_some() { "    " } else { "" },
                    quote.unwrap_or(line)
                );
            }
            after_quote = quote.is_some();
        }
    }
    plain(text.trim())
}

/// Without backquotes, emphasis, and the targets of links.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let (left, linked) = before.rsplit_once('[').unwrap_or(("", before));
        plain += left;
        plain += linked;
        rest = after.split_once(')').map_or("", |(_, after)| after);
    }
    plain += rest;
    plain.replace("[`", "").replace("`]", "").replace(['`', '*'], "").replace("\\_", "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::registry::MODELS;

    #[test]
    fn settings_that_are_one_of_a_few_words_list_them() {
        let data = digits().train;
        for entry in MODELS {
            let found = model(entry, &data);
            for setting in &found.settings {
                let is_word = setting.default.starts_with('"');
                let (name, values) = (&setting.name, &setting.values);
                assert_eq!(is_word, !values.is_empty(), "{}: {name}", entry.name);
                assert!(!is_word || values.contains(&setting.default.trim_matches('"').to_owned()), "{name}");
            }
        }
        let of = |name: &str| model(crate::registry::find(name).unwrap(), &data);
        let likelihood =
            of("vae").settings.into_iter().find(|setting| setting.name == "likelihood.name").unwrap();
        let all = crate::Likelihood::DENSITIES.iter().map(|likelihood| {
            let word = toml::Value::try_from(likelihood).unwrap();
            word.as_str().unwrap().to_owned()
        });
        assert_eq!(likelihood.values, all.collect::<Vec<_>>());
        let training = of("vae").training;
        let values = |name: &str| &training.iter().find(|setting| setting.name == name).unwrap().values;
        assert!(values("epochs").is_empty());
    }

    #[test]
    fn everything_has_words() {
        let data = digits().train;
        for entry in MODELS {
            let found = model(entry, &data);
            assert!(found.about.len() > 200, "{}: {}", entry.name, found.about);
            assert!(!found.settings.is_empty(), "{}", entry.name);
            for setting in found.settings.iter().chain(&found.training) {
                assert!(
                    setting.about.len() > 8,
                    "{}: `{}` says {:?}",
                    entry.name,
                    setting.name,
                    setting.about
                );
            }
        }
    }
}
