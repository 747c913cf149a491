//! From the bytes of an array to a tensor.

use std::path::Path;

use autograd::{Real, Tensor};

use super::Array;
use super::header::{Element, Kind};
use crate::{Error, Result};

/// The elements as numbers, in the order of the last axis fastest.
pub(super) fn tensor<T: Real>(name: &Path, array: Array) -> Result<Tensor<T>> {
    let Array { header, bytes } = array;
    if !header.fortran {
        return in_order(name, header.element, header.shape, &bytes, 0);
    }
    // First axis fastest is the transpose of last axis fastest.
    let reversed: Vec<usize> = header.shape.iter().rev().copied().collect();
    let order: Vec<usize> = (0..reversed.len()).rev().collect();
    let transposed = in_order::<T>(name, header.element, reversed, &bytes, 0)?;
    drop(bytes);
    Ok(transposed.permute(order).contiguous())
}

/// A tensor of this shape whose last axis is fastest, of which `first` elements came before these.
pub(super) fn in_order<T: Real>(
    name: &Path,
    element: Element,
    shape: Vec<usize>,
    bytes: &[u8],
    first: usize,
) -> Result<Tensor<T>> {
    let numbers = numbers(bytes, element.kind, element.size, element.big_endian);
    let numbers =
        numbers.map_err(|(i, problem)| Error::file(name, format!("element {} is {problem}", first + i)))?;
    Ok(Tensor::from_vec(shape, numbers))
}

/// The elements, or the number of the first that is none and why.
fn numbers<T: Real>(
    bytes: &[u8],
    kind: Kind,
    size: usize,
    big_endian: bool,
) -> Result<Vec<T>, (usize, String)> {
    match (kind, size) {
        (Kind::Float, 2) => convert(bytes, big_endian, |b| float(half(u16::from_le_bytes(b)))),
        (Kind::Float, 4) => convert(bytes, big_endian, |b| float(f64::from(f32::from_le_bytes(b)))),
        (Kind::Float, _) => convert(bytes, big_endian, |b| float(f64::from_le_bytes(b))),
        (Kind::Signed, 1) => convert(bytes, big_endian, |b| integer(i8::from_le_bytes(b).into())),
        (Kind::Signed, 2) => convert(bytes, big_endian, |b| integer(i16::from_le_bytes(b).into())),
        (Kind::Signed, 4) => convert(bytes, big_endian, |b| integer(i32::from_le_bytes(b).into())),
        (Kind::Signed, _) => convert(bytes, big_endian, |b| integer(i64::from_le_bytes(b).into())),
        (Kind::Unsigned, 1) => convert(bytes, big_endian, |b| integer(u8::from_le_bytes(b).into())),
        (Kind::Unsigned, 2) => convert(bytes, big_endian, |b| integer(u16::from_le_bytes(b).into())),
        (Kind::Unsigned, 4) => convert(bytes, big_endian, |b| integer(u32::from_le_bytes(b).into())),
        (Kind::Unsigned, _) => convert(bytes, big_endian, |b| integer(u64::from_le_bytes(b).into())),
        (Kind::Bool, _) => convert(bytes, big_endian, |b: [u8; 1]| match b[0] {
            0 | 1 => Ok(T::of(b[0].into())),
            other => Err(format!("the byte {other}, which is neither false nor true")),
        }),
    }
}

/// Every `N` bytes become one number; `read` takes them in little-endian order.
fn convert<T: Real, const N: usize>(
    bytes: &[u8],
    big_endian: bool,
    read: impl Fn([u8; N]) -> Result<T, String>,
) -> Result<Vec<T>, (usize, String)> {
    let one = |(i, chunk): (usize, &[u8])| {
        let mut element: [u8; N] = chunk.try_into().expect("chunks of N bytes");
        if big_endian {
            element.reverse();
        }
        read(element).map_err(|problem| (i, problem))
    };
    // Known beforehand, the length is allocated once; collecting results would not know it.
    let mut numbers = Vec::with_capacity(bytes.len() / N);
    for element in bytes.chunks_exact(N).enumerate() {
        numbers.push(one(element)?);
    }
    Ok(numbers)
}

/// The number of half precision with these bits: sign, five bits of exponent, ten of the fraction (IEEE 754).
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023) / 1024.0);
    let size = match exponent {
        0 => fraction * 2.0_f64.powi(-14),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction) * 2.0_f64.powi(exponent - 15),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// Rounded. What overflows is refused; what is no finite number already stays.
fn float<T: Real>(value: f64) -> Result<T, String> {
    let rounded = T::of(value);
    if value.is_finite() && !rounded.is_finite() {
        return Err(format!("{value:e}, too large for single precision; read it in double precision"));
    }
    Ok(rounded)
}

/// Exact. A number that stands for a thing must not become the number of another.
fn integer<T: Real>(value: i128) -> Result<T, String> {
    let rounded = T::of(value as f64);
    if rounded.as_f64() as i128 != value {
        return Err(match size_of::<T>() {
            4 => format!("{value}, which is not exact in single precision; read it in double precision"),
            _ => format!(
                "{value}, which is not exact in double precision, as few whole numbers above 2⁵³ are; subtract the \
                 smallest from all, or leave these numbers out"
            ),
        });
    }
    Ok(rounded)
}
