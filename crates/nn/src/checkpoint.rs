//! Checkpoints: tensors and text in the safetensors format, which PyTorch and others read as well.
//!
//! A file holds every tensor under its dotted name (`encoder.0.weight`), and text under names of its own
//! (the settings of the run). It is written atomically: after a crash there is the old file or the new
//! one, never a part.
//!
//! [`save`] and [`load`] are for a model alone. A [`Checkpoint`] is for several trees in one file, each
//! under a prefix: a model, the state of its optimizer, the normalizer of its data.
//!
//! ```
//! use autograd::Tensor;
//! use nn::{Activation, Mlp, Purpose, checkpoint, generator};
//!
//! # fn main() -> nn::Result<()> {
//! let new = |seed| Mlp::<Tensor<f32>>::new(&[4, 8, 2], Activation::Relu, &mut generator(seed, Purpose::Init, 0, 0));
//! let (model, mut other) = (new(0), new(1));
//! let path = &std::env::temp_dir().join("nn-checkpoint.safetensors");
//! checkpoint::save(path, &model, [("data".to_owned(), "digits".to_owned())].into())?;
//! let text = checkpoint::load(path, &mut other)?;
//! assert_eq!(other.layers[0].weight, model.layers[0].weight);
//! assert_eq!(text["data"], "digits");
//! # std::fs::remove_file(path).unwrap();
//! # Ok(())
//! # }
//! ```
//!
//! # From and to PyTorch
//!
//! ```python
//! from safetensors.torch import load_file, save_file
//! network = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
//! network.load_state_dict(load_file("ours.safetensors"))
//! save_file(network.state_dict(), "theirs.safetensors")
//! ```
//!
//! fits `Mlp::new(&[64, 32, 10], Activation::Relu, …)` and the [`Sequential`](crate::layers::Sequential)
//! of the same layers: names, shapes and the order of axes are the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use autograd::{Name, Real, Tensor, Tree};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::error::printable;
use crate::files::write_atomically;
use crate::optim::State;
use crate::{Error, Result};

/// The name under which the format has the text.
const METADATA: &str = "__metadata__";

/// Text stored beside the tensors.
pub type Metadata = BTreeMap<String, String>;

/// Writes all tensors of a model.
///
/// # Errors
/// If the file cannot be written, or a tensor has the name `__metadata__`.
pub fn save<T: Real>(path: &Path, model: &impl Tree<Tensor<T>>, metadata: Metadata) -> Result<()> {
    let mut checkpoint = Checkpoint { metadata, ..Checkpoint::default() };
    checkpoint.insert("", model);
    checkpoint.write(path)
}

/// Reads all tensors of a model, in place, and returns the text stored with them.
///
/// # Errors
/// If the file cannot be read, is no safetensors file, or does not hold exactly the tensors of this
/// model; the model is then unchanged.
pub fn load<T: Real>(path: &Path, model: &mut impl Tree<Tensor<T>>) -> Result<Metadata> {
    let checkpoint = Checkpoint::read(path)?;
    checkpoint.restore("", model).map_err(|error| error.in_file(path))?;
    Ok(checkpoint.metadata)
}

/// What a checkpoint holds: tensors and text, each under its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint<T: Real> {
    /// The tensors.
    pub tensors: BTreeMap<String, Tensor<T>>,
    /// The text.
    pub metadata: Metadata,
}

impl<T: Real> Default for Checkpoint<T> {
    fn default() -> Self {
        Checkpoint { tensors: BTreeMap::new(), metadata: Metadata::new() }
    }
}

impl<T: Real> Checkpoint<T> {
    /// Adds all tensors of a tree: `prefix.0.weight`, or `0.weight` if the prefix is empty.
    pub fn insert(&mut self, prefix: &str, tree: &impl Tree<Tensor<T>>) {
        tree.visit(&mut |name, tensor| {
            self.tensors.insert(prefixed(prefix, name), tensor.clone());
        });
    }

    /// Sets all tensors of a tree to those with this prefix.
    ///
    /// # Errors
    /// [`Error::Stored`], if one is missing, has another shape, or there are more; the tree is then unchanged.
    pub fn restore(&self, prefix: &str, tree: &mut impl Tree<Tensor<T>>) -> Result<()> {
        let mut wanted = vec![];
        tree.visit(&mut |name, tensor| wanted.push((prefixed(prefix, name), tensor.clone())));
        self.check(prefix, &wanted).map_err(Error::stored)?;
        tree.visit_mut(Name::Root, &mut |name, tensor| {
            *tensor = self.tensors[&prefixed(prefix, name)].clone()
        });
        Ok(())
    }

    /// Whether exactly these names have this prefix, with tensors of the same shapes.
    fn check(&self, prefix: &str, wanted: &[(String, Tensor<T>)]) -> Result<(), String> {
        for (name, tensor) in wanted {
            let Some(found) = self.tensors.get(name) else {
                return Err(match nearest(name, self.tensors.keys().map(String::as_str)) {
                    Some(other) => format!("tensor `{name}` is missing; the nearest name is `{other}`"),
                    None => format!("tensor `{name}` is missing"),
                });
            };
            let (shape, wanted) = (found.shape(), tensor.shape());
            if shape != wanted {
                return Err(format!("tensor `{name}` has shape {shape:?}, the model wants {wanted:?}"));
            }
        }
        let wanted: BTreeSet<&String> = wanted.iter().map(|(name, _)| name).collect();
        let inside = |name: &&String| {
            prefix.is_empty() || name.strip_prefix(prefix).is_some_and(|n| n.starts_with('.'))
        };
        match self.tensors.keys().filter(inside).find(|name| !wanted.contains(name)) {
            Some(name) => Err(format!("tensor `{name}` does not belong to this model")),
            None => Ok(()),
        }
    }

    /// Adds the state of something, under a prefix: tensors as tensors, numbers as text that parses to
    /// the same bits.
    pub fn insert_state(&mut self, prefix: &str, state: State<T>) {
        let named = |name: String| format!("{prefix}.{name}");
        self.tensors.extend(state.tensors.into_iter().map(|(name, tensor)| (named(name), tensor)));
        self.metadata.extend(state.numbers.into_iter().map(|(name, x)| (named(name), format!("{x:?}"))));
    }

    /// Takes out the state with this prefix; it is empty if there is none.
    ///
    /// # Errors
    /// If a number cannot be read.
    pub fn take_state(&mut self, prefix: &str) -> Result<State<T>> {
        let dotted = format!("{prefix}.");
        let inside = |name: &String| name.starts_with(&dotted);
        let short = |name: String| name[dotted.len()..].to_owned();
        let mut state = State::default();
        for name in self.tensors.keys().filter(|name| inside(name)).cloned().collect::<Vec<_>>() {
            let tensor = self.tensors.remove(&name).expect("the name is in the map");
            state.tensors.insert(short(name), tensor);
        }
        for name in self.metadata.keys().filter(|name| inside(name)).cloned().collect::<Vec<_>>() {
            let text = self.metadata.remove(&name).expect("the name is in the map");
            let number =
                text.parse().map_err(|_| Error::stored(format!("`{name}` is {text:?} and not a number")))?;
            state.numbers.insert(short(name), number);
        }
        Ok(state)
    }

    /// Writes the file, atomically. The same content gives the same bytes.
    ///
    /// # Errors
    /// If it cannot be written, or a tensor has the name `__metadata__`, which the format reserves for the text.
    pub fn write(&self, path: &Path) -> Result<()> {
        // The length of the header, the header in JSON, the numbers.
        let kind = if size_of::<T>() == 4 { "F32" } else { "F64" };
        if self.tensors.contains_key(METADATA) {
            let problem = format!("no tensor can have the name `{METADATA}`, which the format reserves");
            return Err(Error::file(path, problem));
        }
        let mut header = Map::new();
        let mut data: Vec<u8> = vec![];
        for (name, tensor) in &self.tensors {
            let start = data.len();
            data.extend(tensor.to_vec().into_iter().flat_map(little_endian));
            let offsets = [start, data.len()];
            header.insert(
                name.clone(),
                json!({"dtype": kind, "shape": tensor.shape(), "data_offsets": offsets}),
            );
        }
        if !self.metadata.is_empty() {
            header.insert(METADATA.into(), json!(self.metadata));
        }
        let mut header = Value::Object(header).to_string();
        // So that the numbers begin at a multiple of 8 bytes.
        header += &" ".repeat(header.len().next_multiple_of(8) - header.len());
        let length = (header.len() as u64).to_le_bytes();
        write_atomically(path, &[&length[..], header.as_bytes(), &data].concat())
    }

    /// Reads a file. Numbers of the other precision are converted.
    ///
    /// # Errors
    /// If it cannot be read, is no complete safetensors file, or has numbers of another kind.
    pub fn read(path: &Path) -> Result<Self> {
        let content = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
        Checkpoint::parse(&content).map_err(|problem| Error::file(path, problem))
    }

    fn parse(content: &[u8]) -> Result<Self, String> {
        let broken = |problem: &str| format!("this is not a complete safetensors file ({problem})");
        let (length, rest) =
            content.split_first_chunk().ok_or_else(|| broken("it ends in its first number"))?;
        let length = usize::try_from(u64::from_le_bytes(*length)).unwrap_or(usize::MAX);
        let (header, data) = rest.split_at_checked(length).ok_or_else(|| broken("it ends in its header"))?;
        let header: Header = serde_json::from_slice(header).map_err(|error| broken(&error.to_string()))?;
        let (mut tensors, mut places) = (BTreeMap::new(), vec![]);
        for (name, stored) in header.tensors {
            let Some(tensor) = stored.numbers(&name, data)? else {
                return Err(broken(&format!(
                    "the numbers of `{}` do not fill their place",
                    printable(&name)
                )));
            };
            places.push(stored.data_offsets);
            tensors.insert(name, tensor);
        }
        // Every byte belongs to one tensor.
        places.sort_unstable();
        let starts = places.iter().map(|[start, _]| *start).chain([data.len()]);
        let ends = [0].into_iter().chain(places.iter().map(|[_, end]| *end));
        match starts.eq(ends) {
            true => Ok(Checkpoint { tensors, metadata: header.metadata.unwrap_or_default() }),
            false => Err(broken("its tensors overlap, or do not fill it")),
        }
    }
}

/// Header of a file.
#[derive(Deserialize)]
struct Header {
    #[serde(rename = "__metadata__")]
    metadata: Option<Metadata>,
    #[serde(flatten)]
    tensors: BTreeMap<String, Stored>,
}

/// Kind, shape and place of the numbers of a tensor, the place in bytes after the header.
#[derive(Deserialize)]
struct Stored {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: [usize; 2],
}

impl Stored {
    /// The tensor of this name, or `None` if its numbers do not fill their place.
    ///
    /// # Errors
    /// If its numbers are of a kind that is not read.
    fn numbers<T: Real>(&self, name: &str, data: &[u8]) -> Result<Option<Tensor<T>>, String> {
        fn convert<T: Real, const N: usize>(data: &[u8], number: impl Fn([u8; N]) -> f64) -> Vec<T> {
            let (numbers, _) = data.as_chunks::<N>();
            numbers.iter().map(|bytes| T::of(number(*bytes))).collect()
        }
        let [start, end] = self.data_offsets;
        let place = data.get(start..end);
        let filled_by = |width: usize| {
            let size = self.shape.iter().try_fold(width, |size, &length| size.checked_mul(length));
            place.filter(|place| size == Some(place.len()))
        };
        let values = match self.dtype.as_str() {
            "F32" => filled_by(4).map(|data| convert(data, |bytes| f32::from_le_bytes(bytes).into())),
            "F64" => filled_by(8).map(|data| convert(data, f64::from_le_bytes)),
            // PyTorch counts batches in integers.
            "I64" => filled_by(8).map(|data| convert(data, |bytes| i64::from_le_bytes(bytes) as f64)),
            other => {
                let (name, other) = (printable(name), printable(other));
                return Err(format!("tensor `{name}` holds {other} numbers; only F32, F64 and I64 are read"));
            }
        };
        Ok(values.map(|values| Tensor::from_vec(&self.shape, values)))
    }
}

fn prefixed(prefix: &str, name: Name) -> String {
    match (prefix, name.to_string()) {
        ("", name) => name,
        (prefix, name) if name.is_empty() => prefix.to_owned(),
        (prefix, name) => format!("{prefix}.{name}"),
    }
}

/// The name most like `wanted`, if any is at all like it: fewest typing errors first.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let ranked = names.map(|name| (strsim::normalized_damerau_levenshtein(wanted, name), name));
    ranked.filter(|(likeness, _)| *likeness > 0.4).max_by(|a, b| a.0.total_cmp(&b.0)).map(|best| best.1)
}

/// The bytes of one number, as the format stores it.
fn little_endian<T: Real>(x: T) -> impl Iterator<Item = u8> {
    let width = size_of::<T>();
    let bytes = if width == 4 {
        let b = (x.as_f64() as f32).to_le_bytes();
        [b[0], b[1], b[2], b[3], 0, 0, 0, 0]
    } else {
        x.as_f64().to_le_bytes()
    };
    bytes.into_iter().take(width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Activation, Mlp, Purpose, generator};

    fn mlp<T: Real>(widths: &[usize], seed: u64) -> Mlp<Tensor<T>> {
        Mlp::new(widths, Activation::Relu, &mut generator(seed, Purpose::Init, 0, 0))
    }

    fn all<T: Real>(model: &Mlp<Tensor<T>>) -> Vec<Tensor<T>> {
        let mut tensors = vec![];
        model.visit(&mut |_, tensor: &Tensor<T>| tensors.push(tensor.clone()));
        tensors
    }

    #[test]
    fn round_trip_in_both_precisions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let text = Metadata::from([("config".to_owned(), "seed = 1".to_owned())]);

        save(&path, &mlp::<f32>(&[3, 4, 2], 1), text.clone()).unwrap();
        let mut other = mlp::<f32>(&[3, 4, 2], 2);
        assert_eq!(load(&path, &mut other).unwrap(), text);
        assert_eq!(all(&other), all(&mlp(&[3, 4, 2], 1)));

        save(&path, &mlp::<f64>(&[3, 4, 2], 1), text).unwrap();
        let mut other = mlp::<f64>(&[3, 4, 2], 2);
        load(&path, &mut other).unwrap();
        assert_eq!(all(&other), all(&mlp(&[3, 4, 2], 1)));
    }

    #[test]
    fn the_same_content_gives_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a", "b"].map(|name| folder.path().join(name));
        for (path, turn) in paths.iter().zip([0, 1]) {
            // The same text, put in in another order.
            let keys = (0..9).map(|i| if turn == 0 { i } else { 8 - i });
            let text = keys.map(|i| (format!("key{i}"), format!("value{i}"))).collect();
            save(path, &mlp::<f32>(&[3, 4, 2], 1), text).unwrap();
        }
        assert_eq!(std::fs::read(&paths[0]).unwrap(), std::fs::read(&paths[1]).unwrap());
    }

    #[test]
    fn text_without_tensors_and_nothing_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        for metadata in [Metadata::new(), Metadata::from([("a".to_owned(), "\"é\n".to_owned())])] {
            let checkpoint = Checkpoint::<f64> { metadata, ..Checkpoint::default() };
            checkpoint.write(&path).unwrap();
            assert_eq!(Checkpoint::read(&path).unwrap(), checkpoint);
        }
    }

    #[test]
    fn the_name_of_the_text_is_reserved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("checkpoint");
        let mut checkpoint = Checkpoint::<f64>::default();
        checkpoint.insert("__metadata__", &Tensor::ones([2]));
        let problem = checkpoint.write(&path).unwrap_err().to_string();
        assert!(problem.ends_with("no tensor can have the name `__metadata__`, which the format reserves"));
        assert!(!path.exists());
    }

    #[test]
    fn wrong_files_are_explained_and_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let before = all(&mlp::<f32>(&[3, 4, 2], 2));
        let problem = |path: &Path| {
            let mut model = mlp::<f32>(&[3, 4, 2], 2);
            let error = load(path, &mut model).unwrap_err().to_string();
            assert_eq!(all(&model), before);
            error.strip_prefix(&format!("{}: ", path.display())).map(str::to_owned).unwrap_or(error)
        };

        save(&path, &mlp::<f32>(&[3, 5, 2], 1), Metadata::new()).unwrap();
        assert_eq!(problem(&path), "tensor `0.weight` has shape [5, 3], the model wants [4, 3]");
        save(&path, &mlp::<f32>(&[3, 4], 1), Metadata::new()).unwrap();
        assert_eq!(problem(&path), "tensor `2.weight` is missing; the nearest name is `0.weight`");
        save(&path, &mlp::<f32>(&[3, 4, 2, 2], 1), Metadata::new()).unwrap();
        assert_eq!(problem(&path), "tensor `4.bias` does not belong to this model");

        save(&path, &mlp::<f32>(&[3, 4, 2], 1), Metadata::new()).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            assert!(problem(&path).starts_with("this is not a complete safetensors file"), "cut at {cut}");
        }
        let missing = folder.path().join("missing");
        assert!(problem(&missing).starts_with(&format!("cannot read {}: ", missing.display())));
    }

    #[test]
    fn the_nearest_name_is_found() {
        assert_eq!(nearest("wieght", ["bias", "weight"].into_iter()), Some("weight"));
        assert_eq!(nearest("x", ["bias", "weight"].into_iter()), None);
    }
}
