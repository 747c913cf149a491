//! Lossy compression: images become quantized codes, and those a file.
//!
//! An autoencoder is a compressor by construction. To be one in earnest it needs a [`Quantizer`], which
//! rounds codes to a few levels, and an entropy coder ([`range_coder`]), which writes frequent levels with
//! few bits. The decoder network is *not* in the file; who reads needs the same model, and the file
//! knows which.
//!
//! | bytes | what |
//! |---|---|
//! | 4 | `ZOOC` |
//! | 2 | version, 1 |
//! | 2 | levels |
//! | 4 · 3 | numbers in a code, features, examples |
//! | 4 | CRC-32 of the parameters of the model |
//! | 8 · code | for every number of the code the lowest level and the distance of two, `f32` each |
//! | rest | the levels, example by example, by the range coder; one adaptive table for every number of the code |
//! | 4 | CRC-32 of everything before |
//!
//! All numbers are little-endian. A damaged file gives one sentence.

mod quantizer;
pub mod range_coder;
mod rates;

use std::path::Path;

use autograd::Tensor;
use flate2::Crc;
use nn::{Error, Result, files};

use crate::AnyModel;
pub use quantizer::Quantizer;
pub use rates::{PngBytes, bits_per_pixel, png_bytes, psnr};

use range_coder::{Adaptive, Decoder, Encoder};

const MAGIC: &[u8; 4] = b"ZOOC";
const VERSION: u16 = 1;
/// Everything before the quantizer, and the checksum behind the symbols.
const HEADER: usize = 24;
const CHECKSUM: usize = 4;
/// The most numbers in all codes together, and features in all examples: 1 GiB, so that a forged header
/// cannot ask for all memory.
const LARGEST: u64 = 1 << 28;

/// The file for examples `[examples, features]`.
///
/// # Errors
/// If a code is not finite, or there are too many examples for a file.
///
/// # Panics
/// If the quantizer is for codes of another width.
#[track_caller]
pub fn compress(model: &dyn AnyModel, quantizer: &Quantizer, x: &Tensor<f32>) -> Result<Vec<u8>> {
    let [examples, features] = [0, 1].map(|axis| x.shape()[axis]);
    let code = quantizer.low.len();
    let widest = examples as u64 * features.max(code) as u64;
    if widest > LARGEST {
        return Err(Error::unsupported(format!(
            "{examples} examples are too many for one file; write several"
        )));
    }
    let mut bytes = MAGIC.to_vec();
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(quantizer.levels.to_le_bytes());
    [code, features, examples].iter().for_each(|&n| bytes.extend((n as u32).to_le_bytes()));
    bytes.extend(fingerprint(model).to_le_bytes());
    for (low, step) in quantizer.low.iter().zip(&quantizer.step) {
        bytes.extend(low.to_le_bytes());
        bytes.extend(step.to_le_bytes());
    }
    let mut tables = vec![Adaptive::new(usize::from(quantizer.levels)); code];
    let mut encoder = Encoder::default();
    for (i, level) in quantizer.quantize(&model.encode(x))?.into_iter().enumerate() {
        encoder.write(usize::from(level), &mut tables[i % code]);
    }
    bytes.extend(encoder.finish());
    bytes.extend(checksum(&bytes).to_le_bytes());
    Ok(bytes)
}

/// The examples `[examples, features]` of a file, as the model reconstructs them.
///
/// # Errors
/// If the bytes are not such a file, are damaged, or were written with another model.
pub fn decompress(model: &dyn AnyModel, bytes: &[u8]) -> Result<Tensor<f32>> {
    let problem = |text: &str| Err(Error::stored(text));
    if !bytes.starts_with(MAGIC) {
        return problem("this is no file of compressed images; they begin with ZOOC");
    }
    if bytes.len() < HEADER + CHECKSUM {
        return problem("the file ends within its header; write it again");
    }
    let u16_at = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let u32_at = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let end = bytes.len() - CHECKSUM;
    if u32_at(end) != checksum(&bytes[..end]) {
        return problem(
            "the checksum does not fit the content; the file is damaged or cut off, write it again",
        );
    }
    let (version, levels) = (u16_at(4), u16_at(6));
    if version != VERSION {
        return Err(Error::stored(format!("the file has version {version}; this program reads {VERSION}")));
    }
    let [code, features, examples] = [8, 12, 16].map(|at| u32_at(at) as usize);
    if u32_at(20) != fingerprint(model) {
        return problem("the file was written with another model; read it with the same checkpoint");
    }
    let sensible = (2..=4096).contains(&levels) && code > 0 && features > 0;
    let small = (code as u64).max(features as u64).saturating_mul(examples.max(1) as u64) <= LARGEST;
    if !sensible || !small || bytes.len() < HEADER + 8 * code + CHECKSUM {
        return problem("the header asks for what cannot be; the file was not written by this program");
    }
    let number = |unit: usize, which: usize| f32::from_bits(u32_at(HEADER + 8 * unit + 4 * which));
    let [low, step] = [0, 1].map(|which| (0..code).map(|unit| number(unit, which)).collect());
    let quantizer = Quantizer { low, step, levels };

    let mut tables = vec![Adaptive::new(usize::from(levels)); code];
    let mut decoder = Decoder::new(&bytes[HEADER + 8 * code..end]);
    let symbols: Vec<u16> =
        (0..examples * code).map(|i| decoder.read(&mut tables[i % code]) as u16).collect();
    if decoder.is_past_end() {
        return problem("the file ends before its last example; write it again");
    }
    let x = model.decode(&quantizer.dequantize(&symbols));
    if x.shape()[1] != features {
        return problem("the header tells of examples of another size than the model's");
    }
    Ok(x)
}

/// Writes the file of [`compress`], completely or not at all, and returns its size in bytes.
///
/// # Errors
/// As [`compress`], and if the file cannot be written.
///
/// # Panics
/// As [`compress`].
#[track_caller]
pub fn write(path: &Path, model: &dyn AnyModel, quantizer: &Quantizer, x: &Tensor<f32>) -> Result<usize> {
    let bytes = compress(model, quantizer, x)?;
    files::write_atomically(path, &bytes)?;
    Ok(bytes.len())
}

/// Reads a file that [`write()`] wrote.
///
/// # Errors
/// If it cannot be read, or as [`decompress`].
pub fn read(path: &Path, model: &dyn AnyModel) -> Result<Tensor<f32>> {
    let bytes = std::fs::read(path).map_err(|source| Error::io("read", path, source))?;
    decompress(model, &bytes).map_err(|error| error.in_file(path))
}

/// Tells models apart by all bits of their parameters.
fn fingerprint(model: &dyn AnyModel) -> u32 {
    let mut crc = Crc::new();
    model.parameters(&mut |_, parameter| {
        parameter.to_vec().iter().for_each(|value| crc.update(&value.to_le_bytes()));
    });
    crc.sum()
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::digits;
    use crate::models::pca::Pca;

    fn packed(code: usize, levels: u16) -> (Pca<Tensor<f32>>, Tensor<f32>, Vec<u8>) {
        let data = digits();
        let pca = Pca::fit(data.train.x(), code);
        let quantizer = Quantizer::fit(&pca.encode(data.train.x()), levels).unwrap();
        let bytes = compress(&pca, &quantizer, data.test.x()).unwrap();
        (pca, data.test.x().clone(), bytes)
    }

    #[test]
    fn what_is_read_is_the_reconstruction_up_to_rounding() {
        let (pca, x, bytes) = packed(16, 4096);
        let read = decompress(&pca, &bytes).unwrap();
        let plain = psnr(&x, &pca.decode(&pca.encode(&x)));
        assert!((psnr(&x, &read) - plain).abs() < 0.01, "{} {plain}", psnr(&x, &read));
        let (pca, x, few) = packed(16, 8);
        let coarse = psnr(&x, &decompress(&pca, &few).unwrap());
        assert!(
            few.len() < bytes.len() / 2 && coarse < plain - 0.5,
            "{} {} {coarse} {plain}",
            few.len(),
            bytes.len()
        );
    }

    #[test]
    fn every_damage_is_noticed() {
        let (pca, _, bytes) = packed(4, 8);
        // Every byte of the header and the checksum, and a few of the rest.
        for at in (0..bytes.len()).filter(|&at| at < 60 || at % 37 == 0 || at + 5 > bytes.len()) {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << (at % 8);
            let text = decompress(&pca, &damaged).unwrap_err().to_string();
            assert!(text.contains("checksum") || (at < 4 && text.contains("ZOOC")), "byte {at}: {text}");
        }
        for length in 0..bytes.len() {
            assert!(decompress(&pca, &bytes[..length]).is_err(), "cut to {length} bytes");
        }
    }

    #[test]
    fn forged_headers_give_a_sentence() {
        let (pca, _, bytes) = packed(4, 8);
        let forged = |at: usize, with: &[u8]| {
            let mut bytes = bytes.clone();
            bytes[at..at + with.len()].copy_from_slice(with);
            let end = bytes.len() - 4;
            let sum = checksum(&bytes[..end]);
            bytes[end..].copy_from_slice(&sum.to_le_bytes());
            decompress(&pca, &bytes).unwrap_err().to_string()
        };
        assert!(forged(4, &[9, 0]).contains("version 9"));
        assert!(forged(6, &[0, 0]).contains("what cannot be"));
        assert!(forged(8, &[255; 4]).contains("what cannot be"));
        assert!(forged(8, &[0; 4]).contains("what cannot be"));
        assert!(forged(12, &[63, 0, 0, 0]).contains("another size"));
        assert!(forged(16, &[255; 4]).contains("what cannot be"));
        assert!(forged(16, &[0, 0, 1, 0]).contains("before its last example"));
        assert!(forged(20, &[1, 2, 3, 4]).contains("another model"));
    }

    #[test]
    fn files_name_themselves_in_errors() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("images.zooc");
        let data = digits();
        let pca = Pca::fit(data.train.x(), 4);
        let quantizer = Quantizer::fit(&pca.encode(data.train.x()), 16).unwrap();
        let size = write(&path, &pca, &quantizer, data.test.x()).unwrap();
        assert_eq!(size as u64, std::fs::metadata(&path).unwrap().len());
        assert_eq!(read(&path, &pca).unwrap().shape(), [359, 64]);
        let other = Pca::fit(data.test.x(), 4);
        let text = read(&path, &other).unwrap_err().to_string();
        assert!(text.contains("images.zooc: the file was written with another model"), "{text}");
        assert!(read(&folder.path().join("none"), &pca).is_err());
    }
}
