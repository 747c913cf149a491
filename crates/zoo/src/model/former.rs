//! Names that parameters had before encoder, decoder and likelihood stood together in an
//! [`Autoencoder`](crate::network::Autoencoder), up to version 0.1 of this library. Runs of that time are read under the
//! names of today.

use std::collections::BTreeMap;

use autograd::{Tensor, Tree};

/// Beginnings of names, then and now. The first that fits counts.
const NAMES: [(&str, &str); 7] = [
    ("network.encoder.", "net.encoder."),
    ("network.decoder.net.", "net.decoder."),
    ("network.decoder.log_var", "net.head.log_var.0"),
    ("decoder.net.", "net.decoder."),
    ("decoder.log_var", "net.head.log_var.0"),
    ("encoder.", "net.encoder."),
    ("decoder.", "net.decoder."),
];

/// These tensors under the names of today, if they are of that time; those of a model have this prefix.
pub(super) fn renamed(
    model: &impl Tree<Tensor<f32>>,
    prefix: &str,
    tensors: &BTreeMap<String, Tensor<f32>>,
) -> Option<BTreeMap<String, Tensor<f32>>> {
    let mut has_net = false;
    model.visit(&mut |name, _| has_net |= name.to_string().starts_with("net."));
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}.") };
    if !has_net
        || tensors.keys().any(|name| name.strip_prefix(&prefix).is_some_and(|name| name.starts_with("net.")))
    {
        return None;
    }
    let now = |name: &str| {
        let own = name.strip_prefix(&prefix)?;
        let (rest, now) = NAMES.iter().find_map(|(then, now)| Some((own.strip_prefix(then)?, now)))?;
        Some(format!("{prefix}{now}{rest}"))
    };
    Some(
        tensors
            .iter()
            .map(|(name, tensor)| (now(name).unwrap_or_else(|| name.clone()), tensor.clone()))
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AnyModel;
    use crate::registry::find;
    use nn::checkpoint::Checkpoint;
    use toml::Table;

    /// The names of a model of that time, from those of today.
    fn former(name: &str, variational: bool) -> String {
        let (encoder, decoder, log_var) = match variational {
            true => ("network.encoder.", "network.decoder.net.", "network.decoder.log_var"),
            false => ("encoder.", "decoder.", ""),
        };
        name.replace("net.encoder.", encoder)
            .replace("net.decoder.", decoder)
            .replace("net.head.log_var.0", log_var)
    }

    #[test]
    fn a_run_of_before_is_read_and_another_models_is_not() {
        let data = crate::data::digits().train;
        for (name, variational) in
            [("ae", false), ("wae", false), ("vq-vae", false), ("vae", true), ("vamp", true)]
        {
            let entry = find(name).unwrap();
            let given = if variational { "likelihood = \"gaussian\"" } else { "" };
            let settings = entry.complete(&given.parse::<Table>().unwrap(), &data).unwrap();
            let [now, mut other] = [0, 1].map(|seed| entry.build(&settings, &data, seed).unwrap());
            let mut checkpoint = Checkpoint::default();
            now.insert("model", &mut checkpoint);
            let renamed =
                |(name, tensor): (&String, &Tensor<f32>)| (former(name, variational), tensor.clone());
            let tensors: BTreeMap<String, Tensor<f32>> = checkpoint.tensors.iter().map(renamed).collect();
            assert!(tensors.keys().all(|name| !name.contains(".net.e")), "{:?}", tensors.keys());
            assert_ne!(tensors, checkpoint.tensors);
            other.restore("model", &Checkpoint { tensors, ..Checkpoint::default() }).unwrap();
            let x = data.rows(&[0, 1]);
            assert_eq!(other.encode(&x), now.encode(&x), "{name}");
        }
        let ae = find("ae").unwrap();
        let mut model: Box<dyn AnyModel> =
            ae.build(&ae.complete(&Table::new(), &data).unwrap(), &data, 0).unwrap();
        let tensors = BTreeMap::from([("weight".to_owned(), Tensor::zeros([2]))]);
        let problem =
            model.restore("", &Checkpoint { tensors, ..Checkpoint::default() }).unwrap_err().to_string();
        assert!(problem.contains("net.encoder.0.weight` is missing"), "{problem}");
    }
}
