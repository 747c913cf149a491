//! What a file costs, what was lost, and what PNG would need.

use autograd::Tensor;

use crate::plot::{Size, grey_png};

/// `8 bytes / (examples · features)`.
pub fn bits_per_pixel(bytes: usize, x: &Tensor<f32>) -> f64 {
    8.0 * bytes as f64 / x.len() as f64
}

/// Peak signal-to-noise ratio, `10 log₁₀ (1 / MSE)` in decibels for values in `[0, 1]`, with the mean
/// squared error over all features of all examples. Equal tensors have an infinite one.
///
/// # Panics
/// If the shapes differ.
#[track_caller]
pub fn psnr(x: &Tensor<f32>, x_hat: &Tensor<f32>) -> f64 {
    assert_eq!(x.shape(), x_hat.shape(), "psnr of examples of different shapes");
    let squares = x.zip(x_hat, |x, y| x - y).cast::<f64>().map(|d| d * d).sum_to([]).item();
    -10.0 * (squares / x.len() as f64).log10()
}

/// Bytes of the same images as PNG files of 8 bits a pixel, without loss: a file for each image, and one
/// sheet with all of them, below each other, which pays for the header once.
///
/// # Panics
/// If there are no examples, or the size is not that of theirs.
#[track_caller]
pub fn png_bytes(x: &Tensor<f32>, size: Size) -> PngBytes {
    let Size { height, width } = size;
    assert_eq!(x.shape()[1], height * width, "images of {height}×{width}, examples of {:?}", x.shape());
    assert!(!x.is_empty(), "png_bytes: no images");
    let grey: Vec<u8> = x.to_vec().iter().map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
    let each = grey.chunks(height * width).map(|image| grey_png(image, width).len()).sum();
    PngBytes { each, sheet: grey_png(&grey, width).len() }
}

/// See [`png_bytes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PngBytes {
    /// All files together, one for every image.
    pub each: usize,
    /// One file with all images.
    pub sheet: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_ratios() {
        let x = Tensor::full([1, 4], 0.5);
        assert!((psnr(&x, &Tensor::full([1, 4], 0.6)) - 20.0).abs() < 1e-4);
        assert_eq!(psnr(&x, &x), f64::INFINITY);
        assert_eq!(bits_per_pixel(2, &x), 4.0);
    }

    #[test]
    fn a_sheet_pays_for_one_header() {
        let x = Tensor::from_fn([20, 64], |i| (i * i % 17) as f32 / 16.0);
        let found = png_bytes(&x, Size { height: 8, width: 8 });
        assert!(found.sheet < found.each / 2, "{found:?}");
        // Signature, header, one block of data and the end are 57 bytes at least.
        assert!(found.each > 20 * 57 && found.sheet > 57, "{found:?}");
    }
}
