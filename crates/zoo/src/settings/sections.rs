//! Settings in sections, as `config.toml` has them: `[model]` for what a paper adds and the numbers in a code,
//! `[network]` and `[likelihood]` for what is the same whatever is learnt.
//!
//! A setting is called by its section and its name, `network.hidden`, or by its name alone where only one section has it.

use nn::checkpoint::nearest;
use nn::{Dataset, Error, Result};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::typed::{self, Misfit};
use crate::Settings;
use crate::network::{Mlp, Network};

/// The sections that say what a model is.
pub const SECTIONS: [&str; 3] = ["model", "network", "likelihood"];

/// The setting of this name in complete settings.
pub fn find<'a>(settings: &'a Table, key: &str) -> Option<&'a Value> {
    let (section, name) = place(settings, key).ok()?;
    settings.get(section)?.get(name)
}

/// Section and name of a setting that somebody calls `key`.
///
/// # Errors
/// If there is none, or more than one; with a sentence that names the settings there are.
pub(crate) fn place<'k>(settings: &Table, key: &'k str) -> Result<(&'static str, &'k str)> {
    let has = |section: &str, name: &str| {
        settings.get(section).and_then(Value::as_table).is_some_and(|table| table.contains_key(name))
    };
    let canonical = match key {
        "network" | "likelihood" => Some((key, "name")),
        _ => key.split_once('.'),
    };
    let found: Vec<&'static str> = match canonical {
        Some((section, name)) => SECTIONS.into_iter().filter(|s| *s == section && has(s, name)).collect(),
        None => SECTIONS.into_iter().filter(|section| has(section, key)).collect(),
    };
    match found[..] {
        [section] => Ok((section, canonical.map_or(key, |(_, name)| name))),
        [] => Err(unknown(settings, key)),
        _ => {
            let all: Vec<String> = found.iter().map(|section| format!("`{section}.{key}`")).collect();
            let problem = format!("the setting `{key}` may be {}; say which", all.join(" or "));
            Err(Error::setting(key, problem))
        }
    }
}

fn unknown(settings: &Table, key: &str) -> Error {
    let all = names(settings);
    let short = |name: &str| name.split_once('.').map_or(name, |(_, name)| name).to_owned();
    let near = nearest(key, all.iter().map(String::as_str)).map(str::to_owned).or_else(|| {
        let short: Vec<String> = all.iter().map(|name| short(name)).filter(|name| name != "name").collect();
        nearest(key, short.iter().map(String::as_str)).map(str::to_owned)
    });
    let known = all.join(", ");
    let problem = match near {
        Some(near) => format!("there is no setting `{key}`; did you mean `{near}`? (settings: {known})"),
        None => format!("there is no setting `{key}`; its settings are {known}"),
    };
    Error::setting(key, problem + &elsewhere(settings, key))
}

/// A hint for a setting of another network than the one chosen.
fn elsewhere(settings: &Table, key: &str) -> String {
    let Some(network) = settings.get("network") else {
        return match key.starts_with("network") {
            true => {
                ". What this model learns is tied to its own layers, so no other network can be chosen".into()
            }
            false => String::new(),
        };
    };
    let name = key.strip_prefix("network.").unwrap_or(key);
    let data = Dataset::new(autograd::Tensor::zeros([1, 1]));
    let mlp = Mlp { hidden: vec![], activation: nn::Activation::Relu };
    let has = |other: &&str| {
        let network = Network::named(other, &data, &mlp).ok();
        network
            .and_then(|network| Table::try_from(network).ok())
            .is_some_and(|table| table.contains_key(name))
    };
    let chosen = network.get("name").and_then(Value::as_str).unwrap_or_default();
    let others: Vec<&str> = Network::ALL.iter().map(|other| other.0).filter(has).collect();
    match others[..] {
        [] => String::new(),
        _ => format!(
            ". `{name}` belongs to --net {}, and the network is `{chosen}`",
            others.join(" or --net ")
        ),
    }
}

/// `section.name` of all settings.
pub fn names(settings: &Table) -> Vec<String> {
    let of = |section: &'static str| {
        let table = settings.get(section).and_then(Value::as_table);
        table.into_iter().flat_map(move |table| table.keys().map(move |name| format!("{section}.{name}")))
    };
    SECTIONS.into_iter().flat_map(of).collect()
}

/// Settings with one more, which takes the place of what was said before under this or another name for it.
pub(crate) fn say(settings: &mut Table, key: &str, value: Value) {
    let key = match key {
        "network" | "likelihood" => format!("{key}.name"),
        _ => key.to_owned(),
    };
    let short = |key: &str| key.split_once('.').map_or(key.to_owned(), |(_, name)| name.to_owned());
    let is_short = !key.contains('.');
    settings
        .retain(|other, _| *other != key && (is_short != other.contains('.') || short(other) != short(&key)));
    settings.insert(key, value);
}

/// The settings that somebody gave, each under one key: tables of sections are taken apart.
pub(crate) fn flat(given: &Table) -> Table {
    let mut flat = Table::new();
    for (key, value) in given {
        match value {
            Value::Table(section) if SECTIONS.contains(&key.as_str()) => {
                section
                    .iter()
                    .for_each(|(name, value)| say(&mut flat, &format!("{key}.{name}"), value.clone()));
            }
            value => say(&mut flat, key, value.clone()),
        }
    }
    flat
}

/// Settings of a type in sections.
pub(crate) fn written(settings: &impl Serialize) -> Table {
    let mut model = Table::try_from(settings).expect("settings are a table");
    let mut sections = Table::new();
    let mut likelihood = model.remove("likelihood");
    if let Some(Value::Table(mut design)) = model.remove("design") {
        likelihood = design.remove("likelihood");
        sections.extend(design.remove("network").map(|network| ("network".to_owned(), network)));
        model.extend(design);
    }
    if let Some(name) = likelihood {
        sections.insert("likelihood".into(), Table::from_iter([("name".to_owned(), name)]).into());
    }
    sections.insert("model".into(), model.into());
    sections
}

/// The type's settings that these sections are.
pub(crate) fn read<S: Settings>(sections: &Table) -> Result<S, Misfit> {
    let table = |name: &str| sections.get(name).and_then(Value::as_table);
    let mut all = table("model").cloned().unwrap_or_default();
    let likelihood = table("likelihood").and_then(|table| table.get("name")).cloned();
    let likelihood = likelihood.map(|name| ("likelihood".to_owned(), name));
    match table("network") {
        Some(network) => {
            let network = Some(("network".to_owned(), network.clone().into()));
            let code = all.remove_entry("code");
            let design: Table = network.into_iter().chain(code).chain(likelihood).collect();
            all.insert("design".into(), design.into());
        }
        None => all.extend(likelihood),
    }
    typed::read(&all)
}

/// Settings for these data on the network of this name, or on the one that suits them.
///
/// # Errors
/// If there is no such network.
pub(crate) fn on<S: Settings>(data: &Dataset, network: Option<&str>) -> Result<Table> {
    let mut sections = written(&S::usual(data));
    if let Some(usual) = sections.get("network") {
        let usual = Network::deserialize(usual.clone()).expect("what was written can be read");
        let chosen = match (network, usual) {
            (name, Network::Mlp(mlp)) => Network::named(name.unwrap_or(S::network(data)), data, &mlp)?,
            (None, usual) => usual,
            (Some(name), _) => {
                let mlp = Mlp { hidden: vec![], activation: nn::Activation::Relu };
                Network::named(name, data, &mlp)?
            }
        };
        sections.insert("network".into(), Value::try_from(chosen).expect("a network is a table"));
    }
    Ok(sections)
}
