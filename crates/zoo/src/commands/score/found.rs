//! Cells of a row as people and programs read them.

use serde_json::{Value, json};

/// A cell that is shown.
pub(super) enum Found {
    Number(f64),
    /// A cell of a table of several kinds, as it is written there.
    Text(String),
}

impl Found {
    pub(super) fn written(&self) -> String {
        match self {
            Found::Number(x) => as_written(*x),
            Found::Text(text) => text.clone(),
        }
    }

    pub(super) fn short(&self) -> String {
        match self {
            Found::Number(x) => short(*x),
            Found::Text(text) => text.clone(),
        }
    }

    pub(super) fn json(&self, single: bool) -> Value {
        match self {
            Found::Number(x) => json!(exactly(*x, single)),
            Found::Text(text) => json!(text),
        }
    }
}

/// A number as a file has it, with the digits that give the same number again.
fn as_written(x: f64) -> String {
    match x.abs() {
        0.0 => "0".into(),
        a if (1e-5..1e15).contains(&a) => x.to_string(),
        _ => format!("{x:e}"),
    }
}

/// A number for JSON. In single precision it is the one that has the same few digits: 0.1 is not to become 0.10000000149.
fn exactly(x: f64, single: bool) -> Option<f64> {
    let x = if single { (x as f32).to_string().parse().ok()? } else { x };
    Some(x).filter(|x| x.is_finite())
}

/// A number with few digits.
fn short(x: f64) -> String {
    match x.abs() {
        0.0 => "0".into(),
        // All digits, because such numbers may differ only in the last.
        a if (1e6..1e15).contains(&a) => x.to_string(),
        a if (1e-3..1e6).contains(&a) => {
            let digits = (3 - a.log10().floor() as i32).clamp(0, 6) as usize;
            format!("{x:.digits$}")
        }
        _ => format!("{x:.3e}"),
    }
}
