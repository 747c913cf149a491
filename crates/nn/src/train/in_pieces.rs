//! A step whose batch may be cut into [pieces](crate::pieces).

use std::ops::Range;

use autograd::{Name, NewBuffers, Real, Tape, Tensor, Tree, Var, value_and_grad_with};

use super::{Terms, Update};
use crate::losses::Loss;
use crate::optim::{Refused, clip};
use crate::pieces::{Crew, Share};
use crate::{Context, Result};

/// The result of one piece: its part of the loss, of the gradient of each parameter, and the new values of buffers, which
/// are those of the whole batch.
struct Part<T: Real> {
    terms: Terms,
    gradients: Vec<Tensor<T>>,
    buffers: NewBuffers<T>,
}

impl<T: Real> Update<'_, T> {
    /// [`step`](Self::step) of a loss that can be computed for some rows of its batch, here `rows` of all. If the context
    /// has a [crew](Context::with_crew), the batch is cut, and its pieces are shared among threads and processes; else all
    /// rows are one.
    ///
    /// The loss must be a mean over examples, or take the rest from [`Context::whole`].
    ///
    /// # Errors
    /// As [`step`](Self::step).
    #[track_caller]
    pub fn step_in_pieces<M>(
        &mut self,
        model: &mut M,
        mut context: Context,
        loss: impl for<'t> Fn(&M::With<Var<'t, T>>, &'t Tape<T>, &mut Context, Range<usize>) -> Loss<'t, T> + Sync,
    ) -> Result<Terms>
    where
        M: Tree<Tensor<T>, With<Tensor<T>> = M> + Sync,
        for<'t> M::With<Var<'t, T>>: Tree<Var<'t, T>>,
    {
        let Some(crew) = context.crew else {
            let all = 0..context.batch();
            return self.step(model, &mut context, |model, tape, context| loss(&model, tape, context, all));
        };
        let (terms, gradients, buffers) = in_pieces(crew, &*model, &context, &loss);
        if terms.not_finite().is_some() {
            return Ok(terms);
        }
        self.take(model, gradients)?;
        buffers.store(model);
        Ok(terms)
    }

    /// One step down this gradient, of all trained leaves in their order.
    fn take<M>(&mut self, model: &mut M, gradients: Vec<Tensor<T>>) -> Result<()>
    where
        M: Tree<Tensor<T>, With<Tensor<T>> = M>,
    {
        let mut gradients = gradients.into_iter();
        let mut gradient = model.map(Name::Root, &mut |name, leaf: &Tensor<T>| match name.is_trained() {
            true => gradients.next().expect("one for every parameter"),
            false => Tensor::zeros(leaf.shape()),
        });
        let refused = Refused::default();
        gradient.visit(&mut |name, leaf| {
            if name.is_trained() {
                refused.gradient(name, leaf);
            }
        });
        if let Some(problem) = refused.take() {
            return Err(problem.into_error());
        }
        if let Some(limit) = self.clip_norm {
            clip::by_norm(&mut gradient, limit)?;
        }
        self.optimizer.step(model, &gradient);
        Ok(())
    }
}

/// The loss of a batch, its gradient, and the new values of buffers.
fn in_pieces<T: Real, M>(
    crew: &Crew,
    model: &M,
    context: &Context,
    loss: &(impl for<'t> Fn(&M::With<Var<'t, T>>, &'t Tape<T>, &mut Context, Range<usize>) -> Loss<'t, T> + Sync),
) -> (Terms, Vec<Tensor<T>>, NewBuffers<T>)
where
    M: Tree<Tensor<T>, With<Tensor<T>> = M> + Sync,
    for<'t> M::With<Var<'t, T>>: Tree<Var<'t, T>>,
{
    let part = |share: Share| {
        let (weight, rows) = (share.weight(), share.rows.clone());
        let mut context = context.of_share(share);
        let (_, gradient, (terms, buffers)) = value_and_grad_with(model, |model, tape| {
            let loss = loss(&model, tape, &mut context, rows);
            // Weighed here and not afterwards, as the pieces have a part in each other's gradients.
            (loss.total() * weight, (Terms::of(&loss).times(weight), NewBuffers::of(&model)))
        });
        let mut gradients = vec![];
        gradient.visit(&mut |name, leaf| gradients.extend(name.is_trained().then(|| leaf.clone())));
        Part { terms, gradients, buffers }
    };
    let (meeting, parts) = crew.share(context.examples(), part);
    let (mut terms, mut gradients, mut buffers) = (vec![], vec![], None);
    for part in parts {
        terms.push(part.terms);
        gradients.push(part.gradients);
        buffers.get_or_insert(part.buffers);
    }
    let numbers = |terms: &Terms| Tensor::from_fn([terms.values.len()], |i| terms.values[i].1);
    let mut sum = vec![0.0; terms[0].values.len()];
    for part in meeting.of_all::<f64>("terms", terms.iter().map(numbers).collect()) {
        sum.iter_mut().zip(part.to_vec()).for_each(|(sum, term)| *sum += term);
    }
    let mut terms = terms.swap_remove(0);
    terms.values.iter_mut().zip(sum).for_each(|(term, sum)| term.1 = sum);
    (terms, meeting.sums(gradients), buffers.expect("there is a piece"))
}
