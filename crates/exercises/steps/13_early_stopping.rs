//! # Over-fitting
//!
//! Book: docs/src/03-a-network.md#over-fitting
//!
//! The loss on the examples of the training falls to the end. The loss on other examples falls at first, and then
//! rises: the network learns the noise. *Early stopping* keeps the weights from the step with the lowest **validation**
//! loss. Because one does not want to wait for ever, it stops when that loss has found no new low for `patience` steps.
//! A loss that equals the lowest one is no new low.
// hint: Keep the best step so far. At each step: if its loss is lower, it is the new best; else if step - best == patience, stop. Return the best.

/// The step whose weights are kept. Losses after the step where the training stops are not looked at.
fn kept(validation_loss: &[f64], patience: usize) -> usize {
    // hole: the best step, until there was none better for `patience` steps
    let mut best = 0;
    for (step, loss) in validation_loss.iter().enumerate() {
        if *loss < validation_loss[best] {
            best = step;
        } else if step - best >= patience {
            break;
        }
    }
    best
    // wrong: validation_loss.len() - 1
    // wrong: (0..validation_loss.len()).min_by(|a, b| validation_loss[*a].total_cmp(&validation_loss[*b])).unwrap_or(0)
    // wrong: let mut best = 0;
    // | for (step, loss) in validation_loss.iter().enumerate() {
    // |     if *loss <= validation_loss[best] {
    // |         best = step;
    // |     } else if step - best >= patience {
    // |         break;
    // |     }
    // | }
    // | best
    // wrong: (1..validation_loss.len()).find(|i| validation_loss[*i] > validation_loss[*i - 1]).map_or(0, |i| i - 1)
    // end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_point_is_kept() {
        assert_eq!(kept(&[1.0, 0.6, 0.4, 0.5, 0.6, 0.8], 10), 2);
    }

    #[test]
    fn one_bad_step_is_not_the_end() {
        assert_eq!(kept(&[1.0, 0.6, 0.7, 0.5, 0.3, 0.4], 2), 4);
    }

    #[test]
    fn but_patience_ends() {
        let losses = [1.0, 0.5, 0.6, 0.7, 0.8, 0.1];
        assert_eq!(kept(&losses, 3), 1, "with patience 3 the training stops at step 4 and never sees step 5");
        assert_eq!(kept(&losses, 4), 5);
    }

    #[test]
    fn the_same_loss_again_is_no_new_low() {
        assert_eq!(kept(&[1.0, 0.5, 0.5, 0.5], 2), 1, "the first of equal losses is the one to keep");
    }
}
