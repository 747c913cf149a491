//! Checkpoints: parameters in the safetensors format, which PyTorch and others read as well.
//!
//! A file holds every tensor under its dotted name (`encoder.0.weight`) and text under names of its
//! own (the settings of the run). It is written atomically.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use autograd::{Name, Real, Tensor, Tree};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::files::write_atomically;
use crate::{Error, Result};

/// Text stored beside the tensors.
pub type Metadata = HashMap<String, String>;

/// Writes all tensors of a model.
///
/// # Errors
/// If the file cannot be written.
pub fn save<T: Real>(path: &Path, model: &impl Tree<Tensor<T>>, metadata: Metadata) -> Result<()> {
    let mut tensors = vec![];
    model.visit(&mut |name, tensor| {
        let bytes = tensor.to_vec().into_iter().flat_map(little_endian).collect::<Vec<u8>>();
        tensors.push((name.to_string(), tensor.shape().to_vec(), bytes));
    });
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(dtype::<T>(), shape.clone(), bytes).expect("as many bytes as elements");
        (name.as_str(), view)
    });
    let content = safetensors::serialize(views, Some(metadata)).expect("names and sizes are consistent");
    write_atomically(path, &content)
}

/// Reads all tensors of a model, in place, and returns the text stored with them.
///
/// # Errors
/// If the file cannot be read, is no safetensors file, or does not hold exactly the tensors of this
/// model; the model is then unchanged.
pub fn load<T: Real>(path: &Path, model: &mut impl Tree<Tensor<T>>) -> Result<Metadata> {
    let content = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
    let broken = |problem: String| Error::file(path, problem);
    let file = SafeTensors::deserialize(&content)
        .map_err(|error| broken(format!("this is not a complete safetensors file ({error})")))?;
    let (_, header) = SafeTensors::read_metadata(&content)
        .map_err(|error| broken(format!("this is not a complete safetensors file ({error})")))?;

    let mut stored: BTreeMap<String, TensorView> = file.tensors().into_iter().collect();
    let mut loaded = vec![];
    let mut problem = None;
    model.visit(&mut |name, tensor| {
        let name = name.to_string();
        let result = match stored.remove(&name) {
            Some(view) => read(&name, &view, tensor.shape()),
            None => Err(match nearest(&name, file.names().into_iter()) {
                Some(other) => format!("tensor `{name}` is missing; the nearest name is `{other}`"),
                None => format!("tensor `{name}` is missing"),
            }),
        };
        match result {
            Ok(tensor) => loaded.push(tensor),
            Err(text) => problem = problem.take().or(Some(text)),
        }
    });
    if let Some(name) = stored.keys().next() {
        problem = problem.or(Some(format!("tensor `{name}` does not belong to this model")));
    }
    if let Some(problem) = problem {
        return Err(broken(problem));
    }
    let mut loaded = loaded.into_iter();
    model.visit_mut(Name::Root, &mut |_, tensor| *tensor = loaded.next().expect("one for each leaf"));
    Ok(header.metadata().clone().unwrap_or_default())
}

/// The name most like `wanted`, if any is at all like it: fewest typing errors first.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let ranked = names.map(|name| (strsim::normalized_damerau_levenshtein(wanted, name), name));
    ranked.filter(|(likeness, _)| *likeness > 0.4).max_by(|a, b| a.0.total_cmp(&b.0)).map(|best| best.1)
}

fn read<T: Real>(name: &str, view: &TensorView, shape: &[usize]) -> Result<Tensor<T>, String> {
    if view.shape() != shape {
        return Err(format!("tensor `{name}` has shape {:?}, the model wants {shape:?}", view.shape()));
    }
    let values: Vec<T> = match view.dtype() {
        Dtype::F32 => view
            .data()
            .chunks_exact(4)
            .map(|b| T::of(f32::from_le_bytes([b[0], b[1], b[2], b[3]]).into()))
            .collect(),
        Dtype::F64 => {
            let number = |b: &[u8]| f64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
            view.data().chunks_exact(8).map(|b| T::of(number(b))).collect()
        }
        other => return Err(format!("tensor `{name}` holds {other:?} numbers; only F32 and F64 are read")),
    };
    Ok(Tensor::from_vec(shape, values))
}

fn dtype<T: Real>() -> Dtype {
    if size_of::<T>() == 4 { Dtype::F32 } else { Dtype::F64 }
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
    fn the_same_model_gives_the_same_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a", "b"].map(|name| folder.path().join(name));
        let text: Metadata = (0..9).map(|i| (format!("key{i}"), format!("value{i}"))).collect();
        paths.iter().for_each(|path| save(path, &mlp::<f32>(&[3, 4, 2], 1), text.clone()).unwrap());
        assert_eq!(std::fs::read(&paths[0]).unwrap(), std::fs::read(&paths[1]).unwrap());
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
}
