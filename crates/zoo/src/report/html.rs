//! The frame of every page.

use std::fmt::Write;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

use crate::plot::colour::{CLASSES, on_dark};

/// A document from its sections, with everything that it needs inside.
pub(super) fn document(title: &str, sections: impl Iterator<Item = Markup>) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(colours())) (PreEscaped(include_str!("page.css"))) }
            }
            body {
                button.theme type="button" aria-label="Switch between light and dark" title="Light or dark" { "◐" }
                main { @for section in sections { (section) } }
                script { (PreEscaped(include_str!("page.js"))) }
            }
        }
    };
    page.into_string()
}

/// One section: a heading, a sentence on what is shown, and it.
pub(super) fn section(id: &str, heading: &str, caption: Markup, body: Markup) -> Markup {
    html! {
        section id=(id) {
            h2 { (heading) }
            p.caption { (caption) }
            (body)
        }
    }
}

/// Data for a script, in a form that cannot end the element it stands in.
pub(super) fn data(class: &str, value: &Value) -> Markup {
    let text = value.to_string().replace('<', "\\u003c");
    html! { script class=(class) type="application/json" { (PreEscaped(text)) } }
}

/// A number for a table: four significant digits, a true minus sign.
pub(super) fn number(value: f64) -> String {
    let magnitude = if value == 0.0 { 0 } else { value.abs().log10().floor() as i32 };
    let text = match magnitude {
        _ if !value.is_finite() => value.to_string(),
        -4..=6 => format!("{value:.*}", (3 - magnitude).clamp(0, 6) as usize),
        _ => format!("{value:.2e}"),
    };
    text.replace('-', "−")
}

/// The colour of a class or curve; after the last they begin again.
pub(super) fn colour(number: usize) -> String {
    format!("var(--c{})", number % CLASSES.len())
}

/// Coordinates of charts: thousandths of its width and height, to a tenth.
pub(super) fn place(position: f32) -> f64 {
    f64::from((position * 1e4).round()) / 10.0
}

/// One colour for each class and curve, in both themes: `--c0` to `--c9`.
fn colours() -> String {
    let list = |colour: fn([u8; 3]) -> [u8; 3]| {
        CLASSES.iter().enumerate().fold(String::new(), |mut text, (i, &class)| {
            let [r, g, b] = colour(class);
            let _ = write!(text, "--c{i}:rgb({r} {g} {b});");
            text
        })
    };
    let (light, dark) = (list(|colour| colour), list(on_dark));
    format!(
        ":root{{{light}}}@media(prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}}}}}\
         :root[data-theme=dark]{{{dark}}}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_digits() {
        let shown = [0.0, 1.5620, -12.345, 1234.5, 0.001234, 1.2e9, f64::NAN].map(number);
        assert_eq!(shown, ["0.000", "1.562", "−12.35", "1234", "0.001234", "1.20e9", "NaN"]);
    }

    #[test]
    fn data_cannot_leave_its_element() {
        let text = data("d", &serde_json::json!({ "name": "</script><b>" })).into_string();
        assert_eq!(text.matches("</script>").count(), 1, "{text}");
    }
}
