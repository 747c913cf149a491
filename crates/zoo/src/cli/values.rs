//! Values of flags that are more than a number or a word.

use nn::data::table::Column;
use nn::data::transform::Distort;
use zoo::data::text::SPLICED;

/// A column and the kind that is given to it.
pub(super) fn column_kind(text: &str) -> Result<(String, String), String> {
    let (name, kind) = text.split_once('=').ok_or("a column and its kind are meant, as in age=real")?;
    Ok((name.trim().to_owned(), kind.trim().to_owned()))
}

/// As one word of a command line.
pub(crate) fn quoted(text: &str) -> String {
    let plain = |sign: char| sign.is_alphanumeric() || "_-.,/".contains(sign);
    match !text.is_empty() && text.chars().all(plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// A column by its number, counted from 1, or by its name.
pub(crate) fn column(text: &str) -> Column {
    text.parse().map_or_else(|_| Column::Name(text.to_owned()), Column::Number)
}

pub(super) fn decimal(text: &str) -> Result<char, String> {
    match text {
        "." | "," => Ok(if text == "." { '.' } else { ',' }),
        _ => Err("a decimal sign is a point or a comma".into()),
    }
}

/// The length of a window, or of the way to the next one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Span {
    Steps(usize),
    Milliseconds(f64),
}

impl Span {
    pub(super) fn steps(self) -> Option<usize> {
        match self {
            Span::Steps(steps) => Some(steps),
            Span::Milliseconds(_) => None,
        }
    }

    pub(super) fn milliseconds(self) -> Option<f64> {
        match self {
            Span::Steps(_) => None,
            Span::Milliseconds(time) => Some(time),
        }
    }

    pub(super) fn text(self) -> String {
        match self {
            Span::Steps(steps) => steps.to_string(),
            Span::Milliseconds(time) => format!("{time}ms"),
        }
    }
}

pub(super) fn span(text: &str) -> Result<Span, String> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|time| time.is_finite());
    let found = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(time), _) => number(time).map(Span::Milliseconds),
        (_, Some(time)) => number(time).map(|time| Span::Milliseconds(1000.0 * time)),
        _ => text.parse().ok().map(Span::Steps),
    };
    found
        .ok_or_else(|| "a number of steps is meant, as in 64, or for a sound a time, as in 32ms or 1s".into())
}

/// One of the changes to training examples.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    Flip,
    Shift(usize),
    Crop(f64),
    Brightness(f64),
    Splice(f64),
}

impl Change {
    /// The share of texts that it puts together, if it is for texts.
    pub(super) fn share(&self) -> Option<f64> {
        match *self {
            Change::Splice(share) => Some(share),
            _ => None,
        }
    }

    /// These changes to pictures with this one, if it is for pictures.
    pub(super) fn made(&self, of: Distort) -> Distort {
        match *self {
            Change::Flip => Distort { flip: true, ..of },
            Change::Shift(shift) => Distort { shift, ..of },
            Change::Crop(crop) => Distort { crop, ..of },
            Change::Brightness(brightness) => Distort { brightness, ..of },
            Change::Splice(_) => of,
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Change::Flip => "flip".into(),
            Change::Shift(shift) => format!("shift={shift}"),
            Change::Crop(crop) => format!("crop={crop}"),
            Change::Brightness(brightness) => format!("brightness={brightness}"),
            Change::Splice(share) => format!("splice={share}"),
        }
    }
}

pub(super) fn change(text: &str) -> Result<Change, String> {
    let number = |value: &str| value.parse::<f64>().ok();
    let found = match text.split_once('=') {
        None if text == "flip" => Some(Change::Flip),
        Some(("shift", pixels)) => pixels.parse().ok().map(Change::Shift),
        Some(("crop", side)) => number(side).map(Change::Crop),
        Some(("brightness", light)) => number(light).map(Change::Brightness),
        None if text == "splice" => Some(Change::Splice(SPLICED)),
        Some(("splice", share)) => number(share).map(Change::Splice),
        _ => None,
    };
    found.ok_or_else(|| {
        "changes are flip, shift=2, crop=0.8 and brightness=0.1, and of texts splice=0.5".into()
    })
}

pub(super) fn size(text: &str) -> Result<[usize; 2], String> {
    let sides: Vec<usize> = text.split(['x', 'X', '×']).filter_map(|side| side.parse().ok()).collect();
    match sides[..] {
        [height, width] if height > 0 && width > 0 => Ok([height, width]),
        _ => Err("a size is height x width in pixels, as in 32x32".into()),
    }
}
