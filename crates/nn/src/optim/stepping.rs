//! The beginning of every step, and the update of one parameter.

use autograd::{Name, Real, Tensor, Tree};

use super::{Optimizer, Refused, Slot, each_parameter};

/// Begins a step, if this optimizer can make one with this model.
#[track_caller]
pub(super) fn begin<T: Real>(optimizer: &mut dyn Optimizer<T>, model: &impl Tree<Tensor<T>>) {
    if let Some(problem) = bad_setting(optimizer) {
        panic!("{problem}");
    }
    let wanted = optimizer.labels().len();
    let (memory, mut count, mut problem) = (optimizer.memory_mut(), 0, None);
    each_parameter(model, |name, parameter: &Tensor<T>| {
        problem = problem.take().or_else(|| memory.problem(wanted, count, name, parameter.shape()));
        count += 1;
    });
    if let Some(problem) = problem {
        panic!("{problem}");
    }
    memory.count = count;
    memory.steps += 1;
    optimizer.begin();
}

/// The setting of an optimizer that no step can be made with.
pub(crate) fn bad_setting<T: Real>(optimizer: &dyn Optimizer<T>) -> Option<String> {
    let all = [("learning rate", optimizer.memory().rate)].into_iter().chain(optimizer.settings());
    let (name, value) = all.into_iter().find(|(_, value)| !value.is_finite())?;
    Some(format!("the {name} of the optimizer is {value}; it must be a finite number"))
}

/// Updates the parameter with this number and name.
pub(super) fn update<T: Real>(
    optimizer: &mut dyn Optimizer<T>,
    index: usize,
    name: Name,
    parameter: &mut Tensor<T>,
    gradient: &Tensor<T>,
) {
    let memory = optimizer.memory();
    let settings = memory.groups.settings(index);
    let rate = memory.rate * settings.rate_factor;
    let slot = Slot { index, name, rate, weight_decay: settings.weight_decay };
    optimizer.update(slot, parameter, gradient);
}

/// Begins a step of an optimizer; the result updates one parameter of the model, given its number, its name, and
/// its gradient, unless something was refused.
#[track_caller]
pub(crate) fn updates<'a, T: Real, M: Tree<Tensor<T>>>(
    optimizer: &'a mut dyn Optimizer<T>,
    model: &M,
    refused: &'a Refused,
) -> impl FnMut(usize, Name, &mut Tensor<T>, &Tensor<T>) + use<'a, T, M> {
    begin(optimizer, model);
    move |index, name, parameter, gradient| {
        refused.gradient(name, gradient);
        if refused.is_empty() {
            update(optimizer, index, name, parameter, gradient);
        }
    }
}
