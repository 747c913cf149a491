//! What fits into the terminal that results are read on.

use super::progress::{line, note};

/// Columns of the terminal on standard output; `None` where that is a file or a pipe, in which lines may be long.
pub(super) fn columns() -> Option<usize> {
    console::Term::stdout().size_checked().map(|(_, columns)| columns.into())
}

/// Says on standard error what was found when data were read.
pub(super) fn say_notes(notes: &[String]) {
    for text in notes {
        match text.starts_with("warning: ") {
            true => line(text),
            false => note(text),
        }
    }
}

/// A line for each column of a table: its name, its kind, and what is made of it.
pub(super) fn columns_table(lines: &[[String; 3]]) -> String {
    let shown = |[name, kind, about]: &[String; 3]| [one_line(name), kind.clone(), one_line_of(about, 200)];
    let lines: Vec<[String; 3]> = lines.iter().map(shown).collect();
    let [name, kind] = [0, 1].map(|place| lines.iter().map(|line| width(&line[place])).max().unwrap_or(0));
    let indentation = name + kind + 6;
    let line = |[of, its, about]: &[String; 3]| {
        let about = match columns() {
            Some(columns) if columns > indentation + 30 => {
                wrapped(about, indentation, columns).trim_start().to_owned()
            }
            _ => about.clone(),
        };
        format!("  {}  {}  {}\n", filled(of, name), filled(its, kind), about.trim_end())
    };
    lines.iter().map(line).collect()
}

/// Columns that a text takes: marks such as the hat of `x̂` stand over a letter and take none, and some letters
/// take two.
pub(super) fn width(text: &str) -> usize {
    console::measure_text_width(text)
}

/// A name from a file, as tables show it: on one line, and not more of it than helps. Signs that cannot be seen, or
/// that move others, are written as Rust writes them.
pub(super) fn one_line(name: &str) -> String {
    one_line_of(name, 40)
}

pub(super) fn one_line_of(name: &str, most: usize) -> String {
    let (mut line, mut length) = (String::new(), 0);
    for sign in name.chars() {
        let hidden = sign.is_control()
            || matches!(sign, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        let shown = if hidden { sign.escape_default().to_string() } else { sign.to_string() };
        length += width(&shown);
        if length > most {
            line.push('…');
            break;
        }
        line += &shown;
    }
    line
}

/// A text with as many spaces after it as it takes to fill the columns.
pub(super) fn filled(text: &str, columns: usize) -> String {
    text.to_owned() + &" ".repeat(columns.saturating_sub(width(text)))
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
    fn names_of_files_stay_on_one_line() {
        assert_eq!(one_line("height\nin\tcm\u{1b}[31m"), "height\\nin\\tcm\\u{1b}[31m");
        assert_eq!(one_line("größe 名前"), "größe 名前");
        assert_eq!((width("名前"), width("x̂")), (4, 1));
        assert_eq!(width(&one_line(&"名".repeat(100))), 41);
        assert_eq!(filled("名", 4), "名  ");
        assert_eq!(one_line("a\u{202e}b"), "a\\u{202e}b");
    }

    #[test]
    fn words_stay_whole_and_within_the_columns() {
        assert_eq!(wrapped("a bb ccc dd", 2, 6), "  a bb\n  ccc\n  dd\n");
        assert_eq!(wrapped("x̂ x̂ x̂", 0, 3), "x̂ x̂\nx̂\n");
        assert_eq!(wrapped("", 2, 6), "\n");
    }
}
