//! The file of a step: text, holes with their solutions, and tests.
//!
//! A file in `steps/` is a program that passes its tests. Comments mark what a reader has to write:
//!
//! ```text
//! // hole: the slope of the secant
//! (f(x + h) - f(x - h)) / (2.0 * h)
//! // wrong: (f(x + h) - f(x)) / h
//! // end
//! ```
//!
//! In the reader's copy a call of `blank` stands in place of these lines. A `wrong` answer is one that people give; the
//! proof puts it into the hole, and insists that a test notices. (Its further lines begin with `// |`.) Three kinds of
//! lines are not copied: `// hint: `, which the command `hint` prints, `// new: `, the names that this step is the first
//! to use, and `// marks: `, how much each test of a lab counts.

use std::fs;
use std::path::{Path, PathBuf};

/// A step or a lab.
#[derive(Debug)]
pub(crate) struct Step {
    /// Name of the file, without its ending: `01_secant`.
    pub(crate) name: String,
    /// The first line.
    pub(crate) title: String,
    /// A page of the book and a heading in it: `01-by-hand.md#the-slope-of-a-secant`.
    pub(crate) page: String,
    /// A way to the solution.
    pub(crate) hint: String,
    /// Names of the libraries that no earlier step uses.
    pub(crate) new: Vec<String>,
    /// Tests, and how much each counts.
    pub(crate) marks: Vec<(String, u32)>,
    pieces: Vec<Piece>,
}

/// Lines as they are, or a hole.
#[derive(Debug)]
enum Piece {
    Lines(String),
    Hole(Hole),
}

#[derive(Debug)]
struct Hole {
    indent: String,
    what: String,
    solution: String,
    wrong: Vec<String>,
    /// True if it gives the value of its block.
    last: bool,
}

/// The content of a hole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    /// The call of `blank`.
    Blank,
    /// The right answer.
    Solution,
    /// The wrong answer of this number.
    Wrong(usize),
}

impl Step {
    /// The step in this file.
    ///
    /// # Panics
    /// If a hole is not closed, or the file lacks title, page or hint.
    pub(crate) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let said = |mark: &str| -> Vec<String> {
            text.lines().filter_map(|line| line.strip_prefix(mark)).map(str::to_owned).collect()
        };
        let one = |mark: &str, what: &str| match said(mark) {
            lines if lines.is_empty() => panic!("{}: no {what}", path.display()),
            lines => lines.join(" "),
        };
        let title = one("//! # ", "title");
        let page = one("//! Book: docs/src/", "page of the book");
        let words = |lines: Vec<String>| -> Vec<String> {
            lines.iter().flat_map(|line| line.split(", ")).map(str::to_owned).collect()
        };
        let marks = words(said("// marks: ")).into_iter().map(|mark| {
            let (test, count) = mark.split_once(' ').unwrap_or((&mark, "1"));
            (test.to_owned(), count.parse().unwrap_or_else(|_| panic!("{}: {mark}", path.display())))
        });
        let marks = marks.collect();
        Self {
            title,
            page,
            hint: one("// hint: ", "hint"),
            new: words(said("// new: ")),
            marks,
            pieces: pieces(&text),
            name,
        }
    }

    /// The files of a folder, in order.
    pub(crate) fn all(folder: &Path) -> Vec<Self> {
        let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        files.sort();
        files
            .iter()
            .filter(|file| file.extension().is_some_and(|e| e == "rs"))
            .map(|file| Self::read(file))
            .collect()
    }

    /// The program, with each hole filled as `fill` says for its number.
    pub(crate) fn text(&self, fill: impl Fn(usize) -> Fill) -> String {
        let mut number = 0;
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Lines(lines) => text += lines,
                Piece::Hole(hole) => {
                    text += &hole.filled(fill(number));
                    number += 1;
                }
            }
        }
        text
    }

    /// The reader's copy at the start.
    pub(crate) fn stub(&self) -> String {
        self.text(|_| Fill::Blank)
    }

    /// The program that passes.
    pub(crate) fn solution(&self) -> String {
        self.text(|_| Fill::Solution)
    }

    /// For each hole the number of its wrong answers.
    pub(crate) fn holes(&self) -> Vec<usize> {
        let holes = self.pieces.iter().filter_map(|piece| match piece {
            Piece::Hole(hole) => Some(hole.wrong.len()),
            Piece::Lines(_) => None,
        });
        holes.collect()
    }

    /// True if it needs more than the standard library.
    pub(crate) fn uses_libraries(&self) -> bool {
        ["use autograd", "use nn"].iter().any(|import| self.solution().contains(import))
    }

    /// Names of the tests.
    pub(crate) fn tests(&self) -> Vec<String> {
        let text = self.solution();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let after = lines.windows(2).filter(|pair| pair[0] == "#[test]").map(|pair| pair[1]);
        after.filter_map(|line| Some(line.strip_prefix("fn ")?.split_once('(')?.0.to_owned())).collect()
    }
}

impl Hole {
    fn filled(&self, fill: Fill) -> String {
        match fill {
            Fill::Blank => {
                let end = if self.last { "" } else { ";" };
                format!("{}exercises::blank(\"{}\"){end}\n", self.indent, self.what)
            }
            Fill::Solution => self.solution.clone(),
            Fill::Wrong(number) => self.wrong[number].clone(),
        }
    }
}

/// A file cut at its holes, without the lines that are not for the reader.
fn pieces(text: &str) -> Vec<Piece> {
    let (mut done, mut lines, mut open) = (vec![], String::new(), None::<Hole>);
    let mut rest = text.lines().peekable();
    while let Some(line) = rest.next() {
        let code = line.trim_start();
        if ["// hint: ", "// new: ", "// marks: "].iter().any(|mark| line.starts_with(mark)) {
            continue;
        }
        match &mut open {
            None => match code.strip_prefix("// hole: ") {
                Some(what) => {
                    done.push(Piece::Lines(std::mem::take(&mut lines)));
                    let indent = line[..line.len() - code.len()].to_owned();
                    open = Some(Hole {
                        indent,
                        what: what.to_owned(),
                        solution: String::new(),
                        wrong: vec![],
                        last: false,
                    });
                }
                None => lines += &format!("{line}\n"),
            },
            Some(hole) => {
                if code == "// end" {
                    hole.last = rest.peek().is_some_and(|next| next.trim_start().starts_with('}'));
                    done.extend(open.take().map(Piece::Hole));
                } else if let Some(wrong) = code.strip_prefix("// wrong: ") {
                    hole.wrong.push(format!("{wrong}\n"));
                } else if let (Some(more), Some(wrong)) = (code.strip_prefix("// | "), hole.wrong.last_mut())
                {
                    *wrong += &format!("{more}\n");
                } else {
                    hole.solution += &format!("{line}\n");
                }
            }
        }
    }
    assert!(open.is_none(), "a hole is not closed: {open:?}");
    done.push(Piece::Lines(lines));
    done
}
