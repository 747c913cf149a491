//! Pictures of what a model has learnt: reconstructions, loss curves, maps of codes, fields over them, grids of samples.
//!
//! Plain slices in, a [`Picture`] out; nothing here knows about tensors or models, and nothing is written to
//! disk. All pictures share margins, type sizes and colours, so that they can stand side by side. They are drawn
//! for screens of two pixels per point: shown at half their size, text is 12 to 17 points high.
//!
//! Without the cargo feature `plot` there are [`Picture`] and PNG files, and nothing is drawn.
//!
//! In a title, what follows a line break is set smaller, as a subtitle.
//!
//! ```
//! use zoo::plot::{Series, curves, png};
//!
//! let loss = Series { name: "VAE".into(), points: vec![(1.0, 3.2), (2.0, 2.1), (3.0, 1.9)] };
//! let picture = curves("Digits\ntest set", "epoch", "SSE/img", &[loss], &[("PCA-8 1.562".into(), 1.562)]);
//!
//! assert_eq!(picture.width(), 1600);
//! assert!(png(&picture).starts_with(b"\x89PNG"));
//! ```

#[cfg(feature = "plot")]
pub(crate) mod axis;
#[cfg(feature = "plot")]
mod canvas;
#[cfg(feature = "plot")]
mod chart;
#[cfg(feature = "plot")]
mod code_map;
#[cfg(feature = "plot")]
pub(crate) mod colour;
#[cfg(feature = "plot")]
pub(crate) mod curves;
#[cfg(feature = "plot")]
mod error_map;
#[cfg(feature = "plot")]
mod heat_map;
#[cfg(feature = "plot")]
mod image_grid;
#[cfg(feature = "plot")]
mod page;
mod picture;
#[cfg(feature = "plot")]
mod reconstructions;
#[cfg(feature = "plot")]
mod recording;
#[cfg(feature = "plot")]
mod text;
#[cfg(feature = "plot")]
mod tile;

#[cfg(feature = "plot")]
pub use code_map::code_map;
#[cfg(feature = "plot")]
pub use curves::{Series, curves};
#[cfg(feature = "plot")]
pub use error_map::{ErrorMap, error_map};
#[cfg(feature = "plot")]
pub use heat_map::{Field, heat_map};
#[cfg(feature = "plot")]
pub use image_grid::image_grid;
pub use picture::{Picture, grey_png, png};
#[cfg(feature = "plot")]
pub use reconstructions::{Pair, reconstructions};
#[cfg(feature = "plot")]
pub use recording::{Strip, recording};

/// Height and width of one example, in its own pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

#[cfg(all(test, feature = "plot"))]
mod tests {
    use super::*;

    #[test]
    fn titles_are_drawn_and_make_room_for_themselves() {
        let draw = |title: &str| image_grid(title, Size { height: 8, width: 8 }, 1, &[vec![0.5; 64]], None);
        let ink = |picture: &Picture| picture.pixels().filter(|pixel| pixel[0] < 60).count();
        let (none, short, long) = (draw(""), draw("Samples"), draw(&"Samples of the prior ".repeat(8)));
        assert_eq!(ink(&none), 0);
        assert!(ink(&short) > 500);
        assert!(none.height() < short.height() && short.height() < long.height());
        assert_eq!(none.width(), long.width());
        // The margins stay white, however long the title.
        assert!(
            long.enumerate_pixels().all(|(x, _, p)| (40..long.width() - 40).contains(&x) || p == [255; 3])
        );
    }
}
