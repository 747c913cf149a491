//! Test examples beside their reconstructions: the best, the typical and the worst.

use autograd::Tensor;
use maud::{Markup, html};

use super::html::{number, section as framed};
use super::sheet::{Sheet, size};
use super::{Found, Run, table};

/// Examples of each kind.
const SHOWN: usize = 10;

pub(super) fn section(run: &Run, found: &Found) -> Markup {
    let data = &run.data.test;
    let groups = ranked(&found.errors, SHOWN);
    let numbers: Vec<usize> = groups.iter().flat_map(|group| group.1.iter().copied()).collect();
    let x = data.rows(&numbers);
    let x_hat = run.model.decode(&run.model.encode(&x));
    let caption = match size(data) {
        Some(_) => "Test examples in the order of their squared error, which stands below each pair.",
        None => {
            "A test example of each kind, in the units of the data; errors are those of the scaled features."
        }
    };
    let caption = html! { (caption) };
    let body = match size(data) {
        Some(size) => {
            let sheet = Sheet::grey("s-pairs", &Tensor::concat(&[&x, &x_hat], 0), size);
            let start = |group: usize| groups[..group].iter().map(|group| group.1.len()).sum::<usize>();
            html! {
                (sheet.style())
                @for (g, (name, members)) in groups.iter().enumerate() {
                    h3 { (name) }
                    div.pairs {
                        @for (i, &member) in members.iter().enumerate() {
                            @let place = start(g) + i;
                            figure {
                                (sheet.tile(place, &format!("test example {member}")))
                                (sheet.tile(numbers.len() + place, "its reconstruction"))
                                figcaption { (number(found.errors[member])) }
                            }
                        }
                    }
                }
            }
        }
        None => {
            let (x, x_hat) = (run.in_units(&x), run.in_units(&x_hat));
            let mut rows = vec![];
            let mut place = 0;
            for (name, members) in &groups {
                let member = members[0];
                let error = number(found.errors[member]);
                rows.push((format!("{name}, example {member}"), x[place].clone()));
                rows.push((format!("reconstructed, error {error}"), x_hat[place].clone()));
                place += members.len();
            }
            table::numbers(&run.preparation.columns, &rows)
        }
    };
    framed("reconstructions", "Reconstructions", caption, body)
}

/// The examples with the least, the middle and the largest errors, each list in rising order but the last,
/// which begins with the worst.
pub(super) fn ranked(errors: &[f64], shown: usize) -> [(&'static str, Vec<usize>); 3] {
    let mut order: Vec<usize> = (0..errors.len()).collect();
    order.sort_by(|&a, &b| errors[a].total_cmp(&errors[b]));
    let shown = shown.min(order.len());
    let middle = (order.len() - shown) / 2;
    let worst = order.iter().rev().take(shown).copied().collect();
    [("best", order[..shown].to_vec()), ("median", order[middle..middle + shown].to_vec()), ("worst", worst)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_ranked_by_their_error() {
        let [best, median, worst] = ranked(&[3.0, 1.0, 2.0, 5.0, 4.0], 2).map(|group| group.1);
        assert_eq!((best, median, worst), (vec![1, 2], vec![2, 0], vec![3, 4]));
        assert_eq!(ranked(&[1.0], 10).map(|group| group.1.len()), [1, 1, 1]);
    }
}
