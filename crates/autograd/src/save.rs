//! Tapes as files, which the interactive page of the book opens: `docs/src/play/tape.html` shows the lines beside their
//! graph, with the values and gradients that were computed here, and steps through them.

use std::fmt::Write;
use std::path::Path;
use std::{fs, io};

use crate::gradient::Numbers;
use crate::sweep::{Needed, sweep};
use crate::{Real, Tape, Tensor};

/// Most numbers of a tensor that are written.
const MOST: usize = 16;

impl<T: Real> Tape<T> {
    /// File of JSON with every node so far, for the interactive page of the book.
    ///
    /// If the last node holds a single number, each node that it depends on has its gradient there.
    ///
    /// ```
    /// # let folder = std::env::temp_dir();
    /// let tape = autograd::Tape::<f64>::new();
    /// let (x, w) = (tape.constant(2.0), tape.var(0.5));
    /// let _loss = (x * w).tanh();
    /// tape.save(folder.join("tape.json"))?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// If the file cannot be written.
    #[track_caller]
    pub fn save(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.assert_open("save");
        fs::write(path, self.to_json())
    }

    /// The content of the file that [`save`](Self::save) writes: an object with a list of `nodes`. A node has its
    /// `operation` (null for variables and constants), the numbers of the nodes that are its `inputs`, `depends` (whether
    /// a derivative passes from it to a variable), `shape`, the first 16 numbers of its `value` and of its `gradient`
    /// (null where there is none), and the `place` in the program. NaN and infinities are strings.
    #[track_caller]
    pub fn to_json(&self) -> String {
        self.assert_open("to_json");
        let gradients = self.gradients_of_last();
        let mut text = String::from("{\"format\":\"autograd tape\",\"nodes\":[");
        for (id, node) in self.nodes.borrow().iter().enumerate() {
            let operation = node.op.as_ref().map_or_else(|| "null".into(), |op| quoted(&op.name()));
            let gradient = gradients.get(id).and_then(Option::as_ref).map_or_else(|| "null".into(), numbers);
            let _ = write!(
                text,
                "{}\n{{\"operation\":{operation},\"inputs\":{:?},\"depends\":{},\"shape\":{:?},\"value\":{},\"gradient\":{gradient},\"place\":{}}}",
                if id == 0 { "" } else { "," },
                node.inputs,
                node.requires_grad,
                node.value.shape(),
                numbers(&node.value),
                quoted(&node.place()),
            );
        }
        text + "\n]}\n"
    }

    /// The gradient of the last node with respect to each, if it has one.
    fn gradients_of_last(&self) -> Vec<Option<Tensor<T>>> {
        let last = match self.nodes.borrow().last() {
            Some(node) if node.requires_grad && node.value.len() == 1 => Tensor::ones(node.value.shape()),
            _ => return vec![],
        };
        let id = self.len() - 1;
        sweep(&mut Numbers { all: true }, self, [(id, last)], &Needed::by_any(self, id))
    }
}

/// The first numbers of a tensor as a list.
fn numbers<T: Real>(x: &Tensor<T>) -> String {
    let word = |x: &T| {
        let x = x.to_string();
        match &*x {
            "NaN" => "\"NaN\"".into(),
            "inf" => "\"Infinity\"".into(),
            "-inf" => "\"-Infinity\"".into(),
            _ => x,
        }
    };
    let list: Vec<String> = x.to_vec().iter().take(MOST).map(word).collect();
    format!("[{}]", list.join(","))
}

/// A string of JSON.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tape_as_json() {
        let tape = Tape::<f64>::new();
        let (x, w) = (tape.constant(2.0), tape.var(0.5));
        let _ = x * w;
        let line = line!() - 2;
        let expected = format!(
            "{{\"format\":\"autograd tape\",\"nodes\":[\n\
             {{\"operation\":null,\"inputs\":[],\"depends\":false,\"shape\":[],\"value\":[2],\"gradient\":null,\"place\":\"src/save.rs:{line}\"}},\n\
             {{\"operation\":null,\"inputs\":[],\"depends\":true,\"shape\":[],\"value\":[0.5],\"gradient\":[2],\"place\":\"src/save.rs:{line}\"}},\n\
             {{\"operation\":\"mul\",\"inputs\":[0, 1],\"depends\":true,\"shape\":[],\"value\":[1],\"gradient\":[1],\"place\":\"src/save.rs:{}\"}}\n]}}\n",
            line + 1
        );
        assert_eq!(tape.to_json(), expected);
        assert_eq!(tape.len(), 3, "nothing was recorded");
    }

    #[test]
    fn tapes_without_a_gradient_and_numbers_without_a_digit() {
        let empty = Tape::<f64>::new();
        assert_eq!(empty.to_json(), "{\"format\":\"autograd tape\",\"nodes\":[\n]}\n");
        let tape = Tape::<f64>::new();
        let _ = tape.var(Tensor::from_vec([3], vec![f64::NAN, f64::INFINITY, -f64::INFINITY])) * 2.0;
        let text = tape.to_json();
        assert!(text.contains("\"value\":[\"NaN\",\"Infinity\",\"-Infinity\"],\"gradient\":null"), "{text}");
        let long = Tape::<f32>::new();
        let _ = long.var(Tensor::ones([40])).sum();
        assert_eq!(long.to_json().matches("1,1").count(), 2 * 8, "sixteen numbers each: {}", long.to_json());
        assert_eq!(quoted("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
    }
}
