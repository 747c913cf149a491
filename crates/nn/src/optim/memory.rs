//! What an optimizer remembers between steps, and the form in which a checkpoint keeps it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use autograd::{Name, Real, Tensor};

use super::{Groups, Kept, Numbers, Slot};
use crate::checkpoint::nearest;
use crate::{Error, Result};

/// The state of an optimizer (or of another thing that has one) under names, to be stored and to be
/// read back bit for bit.
///
/// The tensors are named by parameter and purpose, as in `encoder.0.weight.m`, the numbers by purpose:
/// `steps`, `rate`.
#[derive(Clone, Debug, PartialEq)]
pub struct State<T: Real> {
    /// Tensors by name.
    pub tensors: BTreeMap<String, Tensor<T>>,
    /// Numbers by name.
    pub numbers: BTreeMap<String, f64>,
}

impl<T: Real> Default for State<T> {
    /// No tensors, no numbers.
    fn default() -> Self {
        State { tensors: BTreeMap::new(), numbers: BTreeMap::new() }
    }
}

impl<T: Real> State<T> {
    /// Takes out the tensor of this name and shape.
    ///
    /// # Errors
    /// If there is none.
    pub fn take_tensor(&mut self, name: &str, shape: &[usize]) -> Result<Tensor<T>> {
        match self.tensors.remove(name) {
            Some(tensor) if tensor.shape() == shape => Ok(tensor),
            Some(tensor) => Err(Error::stored(format!(
                "tensor `{name}` of the saved state has shape {:?}, the model wants {shape:?}",
                tensor.shape()
            ))),
            None => Err(missing("tensor", name, self.tensors.keys())),
        }
    }

    /// Takes out the number of this name.
    ///
    /// # Errors
    /// If there is none.
    pub fn take_number(&mut self, name: &str) -> Result<f64> {
        match self.numbers.remove(name) {
            Some(number) => Ok(number),
            None => Err(missing("number", name, self.numbers.keys())),
        }
    }

    /// Takes out the number of this name, which counts something.
    ///
    /// # Errors
    /// If there is none, or it is not one of 0, 1, 2 … 2⁵³.
    pub fn take_count(&mut self, name: &str) -> Result<u64> {
        let number = self.take_number(name)?;
        if (0.0..=2_f64.powi(53)).contains(&number) && number.fract() == 0.0 {
            return Ok(number as u64);
        }
        Err(Error::stored(format!("`{name}` of the saved state is {number}; it must be a whole number")))
    }

    /// Makes sure that everything was taken out.
    ///
    /// # Errors
    /// If something is left.
    pub fn finish(self) -> Result<()> {
        match self.tensors.keys().chain(self.numbers.keys()).next() {
            None => Ok(()),
            Some(name) => Err(Error::stored(format!(
                "`{name}` of the saved state belongs to another model or another kind of optimizer"
            ))),
        }
    }
}

/// A rule that keeps other tensors than before.
fn other_count(had: usize, wanted: usize) -> String {
    format!("the optimizer keeps {had} tensors for a parameter and is now asked for {wanted}")
}

fn missing<'a>(kind: &str, name: &str, names: impl Iterator<Item = &'a String>) -> Error {
    let hint = match nearest(name, names.map(String::as_str)) {
        Some(other) => format!("; the nearest name is `{other}`"),
        None => String::new(),
    };
    Error::stored(format!("the saved state has no {kind} `{name}`{hint}"))
}

/// What every [`Optimizer`](super::Optimizer) remembers: the learning rate, the groups, the number of
/// steps, and for each parameter some tensors of its shape.
#[derive(Clone, Debug)]
pub(super) struct Memory<T: Real> {
    /// The learning rate `η`.
    pub(super) rate: f64,
    /// Settings of some of the parameters.
    pub(super) groups: Groups,
    /// Steps taken.
    pub(super) steps: u64,
    /// Other numbers that change from step to step, by name.
    pub(super) numbers: Numbers,
    /// Name and tensors of every parameter that has been met, by the number of its slot.
    parameters: BTreeMap<usize, (String, Vec<Tensor<T>>)>,
    /// The step in which they were met, all of them.
    met: u64,
    /// The number of parameters of the model, those that nothing is kept for too.
    pub(super) count: usize,
}

impl<T: Real> Memory<T> {
    /// No step taken, no groups.
    pub(super) fn new(rate: f64, numbers: &[(&'static str, f64)]) -> Self {
        Memory {
            rate,
            groups: Groups::default(),
            steps: 0,
            numbers: numbers.iter().copied().collect(),
            parameters: BTreeMap::new(),
            met: 0,
            count: 0,
        }
    }

    /// The tensors that are kept for a parameter: `count` of them, made when first asked for, with all elements `start`.
    ///
    /// # Panics
    /// If nothing was kept for it in the steps before, but for others.
    #[track_caller]
    pub(super) fn kept(
        &mut self,
        slot: &Slot,
        parameter: &Tensor<T>,
        count: usize,
        start: f64,
    ) -> Kept<'_, T> {
        let Memory { numbers, parameters, .. } = self;
        if count == 0 {
            return Kept { tensors: &mut [], numbers };
        }
        if parameters.is_empty() {
            self.met = self.steps;
        }
        let (name, shape) = (slot.name, parameter.shape());
        let entry = parameters.entry(slot.index);
        if let Entry::Vacant(_) = entry {
            assert!(self.met == self.steps, "the model had no parameter `{name}` in the steps before");
        }
        let new = || (name.to_string(), (0..count).map(|_| Tensor::full(shape, start)).collect());
        let (_, tensors) = entry.or_insert_with(new);
        Kept { tensors, numbers }
    }

    /// Why no step can be made with the parameter of this number, name and shape, by a rule that keeps `wanted`
    /// tensors for it, if none can.
    pub(super) fn problem(&self, wanted: usize, index: usize, name: Name, shape: &[usize]) -> Option<String> {
        if let Some((known, tensors)) = self.parameters.get(&index) {
            let before = tensors.first().map_or(shape, |tensor| tensor.shape());
            if !is(name, known) || before != shape {
                return Some(format!(
                    "the parameter `{name}` of shape {shape:?} was `{known}` of shape {before:?} in the steps before"
                ));
            }
            if wanted > 0 && wanted != tensors.len() {
                return Some(other_count(tensors.len(), wanted));
            }
        } else if !self.parameters.is_empty() && index >= self.count {
            return Some(format!("the model had no parameter `{name}` in the steps before"));
        }
        self.groups.problem(index, name)
    }

    /// Everything under its name, where `labels` name the tensors of one parameter.
    pub(super) fn save(&self, labels: &[&str]) -> State<T> {
        let mut state = State::default();
        for (parameter, tensors) in self.parameters.values() {
            for (label, tensor) in labels.iter().zip(tensors) {
                state.tensors.insert(joined(parameter, label), tensor.clone());
            }
        }
        state.numbers.extend(self.numbers.iter().map(|(name, value)| ((*name).to_owned(), *value)));
        state.numbers.insert("rate".to_owned(), self.rate);
        state.numbers.insert("steps".to_owned(), self.steps as f64);
        state
    }

    /// The reverse of [`save`](Self::save), for `parameters` of these names and shapes.
    pub(super) fn restore(
        &mut self,
        labels: &[&str],
        parameters: &[(String, Vec<usize>)],
        mut state: State<T>,
    ) -> Result<()> {
        let mut new = Memory::new(state.take_number("rate")?, &[]);
        new.steps = state.take_count("steps")?;
        for &name in self.numbers.keys() {
            new.numbers.insert(name, state.take_number(name)?);
        }
        // Before the first step no parameter has been met, and a rule without tensors meets none.
        if new.steps > 0 && !labels.is_empty() {
            for (index, (parameter, shape)) in parameters.iter().enumerate() {
                let tensor = |label: &&str| state.take_tensor(&joined(parameter, label), shape);
                let tensors = labels.iter().map(tensor).collect::<Result<_>>()?;
                new.parameters.insert(index, (parameter.clone(), tensors));
            }
        }
        state.finish()?;
        (new.met, new.count) = (new.steps, parameters.len());
        new.groups = std::mem::take(&mut self.groups);
        *self = new;
        Ok(())
    }
}

/// Whether a name reads like this.
pub(super) fn is(name: Name, text: &str) -> bool {
    /// What has not been read yet.
    struct Rest<'t>(&'t str);

    impl fmt::Write for Rest<'_> {
        fn write_str(&mut self, piece: &str) -> fmt::Result {
            self.0 = self.0.strip_prefix(piece).ok_or(fmt::Error)?;
            Ok(())
        }
    }

    let mut rest = Rest(text);
    fmt::Write::write_fmt(&mut rest, format_args!("{name}")).is_ok() && rest.0.is_empty()
}

/// `encoder.0.weight` and `m` make `encoder.0.weight.m`. A model that is a single tensor has no name.
pub(super) fn joined(parameter: &str, label: &str) -> String {
    if parameter.is_empty() { label.to_owned() } else { format!("{parameter}.{label}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::optim::{Adam, Sgd};

    #[test]
    fn a_wrong_state_is_explained_and_changes_nothing() {
        let mut w = [Tensor::<f64>::ones([2]), Tensor::ones([3])];
        let mut adam = Adam::new(0.1);
        adam.step(&mut w.clone(), &w);
        let good = adam.state();
        assert_eq!(good.tensors.keys().collect::<Vec<_>>(), ["0.m", "0.v", "1.m", "1.v"]);
        adam.step(&mut w.clone(), &w);

        let before = adam.state();
        let mut problem = |change: &dyn Fn(&mut State<f64>)| {
            let mut state = good.clone();
            change(&mut state);
            let error = adam.restore(&w, state).unwrap_err().to_string();
            assert_eq!(adam.state(), before);
            error
        };
        assert_eq!(
            problem(&|state| drop(state.tensors.remove("0.v"))),
            "the saved state has no tensor `0.v`; the nearest name is `1.v`"
        );
        assert_eq!(
            problem(&|state| drop(state.tensors.insert("1.m".into(), Tensor::zeros([4])))),
            "tensor `1.m` of the saved state has shape [4], the model wants [3]"
        );
        assert_eq!(
            problem(&|state| state.numbers.extend([("momentum".into(), 0.0)])),
            "`momentum` of the saved state belongs to another model or another kind of optimizer"
        );
        assert_eq!(
            problem(&|state| state.numbers.extend([("steps".into(), 0.5)])),
            "`steps` of the saved state is 0.5; it must be a whole number"
        );
        assert_eq!(problem(&|state| state.numbers.clear()), "the saved state has no number `rate`");
        adam.restore(&w, good.clone()).unwrap();
        assert_eq!(adam.state(), good);

        let mut plain = Sgd::new(0.1);
        plain.step(&mut w, &[Tensor::ones([2]), Tensor::ones([3])]);
        assert!(plain.state().tensors.is_empty());
        Sgd::new(0.2).restore(&w, plain.state()).unwrap();
    }
}
