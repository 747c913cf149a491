//! Test examples beside their reconstructions: the best, the typical and the worst.

use autograd::Tensor;
use maud::{Markup, html};

use super::html::{number, section as framed};
use super::sheet::{Sheet, size};
use super::{Found, Run, table};
use crate::evaluate::in_batches;
use crate::pictures::ranked;

/// Examples of each kind.
const SHOWN: usize = 10;

pub(super) fn section(run: &Run, found: &Found) -> Markup {
    let data = run.test();
    let groups = ranked(&found.errors, SHOWN);
    let numbers: Vec<usize> = groups.iter().flat_map(|group| group.1.iter().copied()).collect();
    let x = data.rows(&numbers);
    let x_hat = in_batches(&x, |x| run.model.decode(&run.model.encode(x)));
    let caption = match size(data) {
        Some(_) => "Test examples above their reconstructions, with the squared error of each pair below it.",
        None => {
            "A test example of each kind, in the units of the data; errors are those of the scaled features."
        }
    };
    let caption = html! { (caption) };
    let body = match size(data) {
        Some(size) => {
            let sheet = Sheet::images("s-pairs", &Tensor::concat(&[&x, &x_hat], 0), size);
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
