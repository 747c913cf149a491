//! What fits into the terminal that results are read on.

/// Columns of the terminal on standard output; `None` where that is a file or a pipe, in which lines may be long.
pub(super) fn columns() -> Option<usize> {
    console::Term::stdout().size_checked().map(|(_, columns)| columns.into())
}

/// Says on standard error what was left out or changed when data were read.
pub(super) fn say_notes(notes: &[String]) {
    notes.iter().for_each(|note| eprintln!("note: {note}"));
}

/// Columns that a text takes: marks such as the hat of `x̂` stand over a letter and take none.
pub(super) fn width(text: &str) -> usize {
    text.chars().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).count()
}

/// The words of a text on lines of at most so many columns, each with this indentation.
pub(super) fn wrapped(text: &str, indentation: usize, columns: usize) -> String {
    let (mut lines, mut length) = (String::new(), 0);
    for word in text.split_whitespace() {
        if length == 0 || length + 1 + width(word) > columns {
            lines += if length == 0 { "" } else { "\n" };
            lines += &" ".repeat(indentation);
            length = indentation;
        } else {
            lines.push(' ');
            length += 1;
        }
        lines += word;
        length += width(word);
    }
    lines + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole_and_within_the_columns() {
        assert_eq!(wrapped("a bb ccc dd", 2, 6), "  a bb\n  ccc\n  dd\n");
        assert_eq!(wrapped("x̂ x̂ x̂", 0, 3), "x̂ x̂\nx̂\n");
        assert_eq!(wrapped("", 2, 6), "\n");
    }
}
