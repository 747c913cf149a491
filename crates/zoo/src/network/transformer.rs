//! Transformers (Vaswani et al. 2017) over the patches of a picture (Dosovitskiy et al. 2021) or of a series.
//!
//! Every patch becomes a vector, a *token*, by the same linear map, and a learned vector for its place is added. Blocks of
//! attention let the tokens look at each other, and a linear layer reads all of them. The decoder goes the same way back: a
//! linear layer makes the tokens, each with a bias of its own, which says where it stands.
//!
//! A text is read and written token by token: its decoder looks at what stands before each place, and is told by the code
//! what belongs there.
//!
//! Where patches do not divide an example, those at its borders also cover zeros around it.

use autograd::{Conv, ConvTranspose, Tensor};
use nn::layers::{
    Conv2d, ConvTranspose2d, Layer, LayerNorm, LearnedPositions, TokenWriter, TransformerBlock,
};
use nn::{Dataset, Error, Generator, Init, Linear, Result, Sequential};
use serde::{Deserialize, Serialize};

use super::shapes::{check_positive, from_channels, parts, refused, series_of, to_channels};
use super::texts::{self, is_zero, text_of, usual_dropout};
use super::{Architecture, Mlp, SMALL};

/// Blocks of attention over patches, and the way back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transformer {
    /// Pixels along the side of a patch, or steps in it; of a text 1.
    pub patch: usize,
    /// Numbers of a token.
    pub width: usize,
    /// Heads of the attention, a divisor of the width.
    pub heads: usize,
    /// Blocks in the encoder, and as many in the decoder.
    pub blocks: usize,
    /// Share of the tokens of a text that the decoder does not see in training, from 0 to below 1: so it asks the code.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub word_dropout: f64,
}

impl Architecture for Transformer {
    const TITLE: &'static str =
        "attention between the patches of a picture or a series, or the tokens of a text";
    const TEXT: &'static str = include_str!("transformer.rs");
    const ADDS_TO_MEAN: bool = true;

    /// At most 64 patches of a picture, or 32 of a series.
    fn usual(data: &Dataset, _: &Mlp) -> Self {
        let schema = data.schema();
        let patch = match (schema.as_image(), series_of(schema)) {
            (Some([_, height, width]), _) => height.max(width).div_ceil(8).max(2),
            (None, Some([steps, _])) => steps.div_ceil(32),
            (None, None) => 1,
        };
        Transformer { patch, width: 64, heads: 4, blocks: 2, word_dropout: usual_dropout(data) }
    }

    fn encoder(
        &self,
        data: &Dataset,
        outputs: usize,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        if let Some(text) = text_of(data.schema()) {
            self.check()?;
            return Ok(self.of_text(text, &|_, from| self.attention(false, from)).reader(outputs, from));
        }
        let Patches { picture, series, sides, .. } = self.patches(data)?;
        let (width, side, tokens) = (self.width, sides.map(|side| side.patch), count(sides));
        let mut layers = match series {
            Some(series) => to_channels(series),
            None => vec![Layer::Unflatten(picture.to_vec())],
        };
        let options = Conv { stride: side, padding: sides.map(|side| side.padding), ..Conv::default() };
        layers.extend([
            Conv2d::new([picture[0], width], side, options, Init::LeCun, from).into(),
            Layer::Unflatten(vec![width, tokens]),
            Layer::Transpose,
            LearnedPositions::new(tokens, width, from).into(),
        ]);
        layers.extend(self.attention(false, from));
        let to_code = Linear::new(tokens * width, outputs, Init::Glorot, from);
        layers.extend([Layer::Flatten, to_code.into()]);
        Ok(Sequential::new(layers))
    }

    fn decoder(
        &self,
        data: &Dataset,
        code: usize,
        mean: &Tensor<f32>,
        from: &mut Generator,
    ) -> Result<Sequential<Tensor<f32>>> {
        let Patches { picture, series, sides } = self.patches(data)?;
        let (width, tokens, parts) = (self.width, count(sides), parts(mean, data));
        let mut layers = vec![
            Linear::new(code, tokens * width, Init::LeCun, from).into(),
            Layer::Unflatten(vec![tokens, width]),
        ];
        layers.extend(self.attention(false, from));
        let outputs = picture[0] * parts;
        let options = ConvTranspose {
            stride: sides.map(|side| side.patch),
            padding: sides.map(|side| side.padding),
            output_padding: sides.map(|side| side.output_padding),
            ..ConvTranspose::default()
        };
        let mut pixels = ConvTranspose2d::new([width, outputs], options.stride, options, Init::Glorot, from);
        // Normalized tokens are larger than the activations of other networks.
        pixels.weight = pixels.weight.map(|w: f32| 0.5 * SMALL * w);
        let [rows, columns] = sides.map(|side| side.count);
        layers.extend([Layer::Transpose, Layer::Unflatten(vec![width, rows, columns]), pixels.into()]);
        match series {
            None => layers.push(Layer::Flatten),
            Some(series) => {
                layers.push(Layer::Unflatten(vec![outputs, picture[2]]));
                layers.extend(from_channels(parts, series));
            }
        }
        Ok(Sequential::new(layers))
    }

    fn writer(
        &self,
        data: &Dataset,
        code: usize,
        mean: &Tensor<f32>,
        from: &mut Generator,
    ) -> Result<Option<TokenWriter<Tensor<f32>>>> {
        let Some(text) = text_of(data.schema()) else { return Ok(None) };
        self.check()?;
        if self.patch != 1 {
            let problem = format!("a patch of a text is one token, and patch = {}", self.patch);
            return Err(Error::setting("patch", problem));
        }
        let layers = |causal, from: &mut Generator| self.attention(causal, from);
        self.of_text(text, &layers).writer(code, mean, self.word_dropout, from).map(Some)
    }
}

impl Transformer {
    fn of_text<'a>(&self, text: [usize; 2], layers: &'a texts::Layers<'a>) -> texts::Parts<'a> {
        texts::Parts { text, widths: [self.width; 2], layers, by_place: true }
    }

    /// Refuses sizes that make no sense.
    fn check(&self) -> Result<()> {
        let &Transformer { patch, width, heads, blocks, .. } = self;
        for (name, size) in [("patch", patch), ("width", width), ("heads", heads), ("blocks", blocks)] {
            check_positive(name, &[size])?;
        }
        if !width.is_multiple_of(heads) {
            let problem =
                format!("the heads of the attention divide its width, and {heads} do not divide {width}");
            return Err(Error::setting("heads", problem));
        }
        Ok(())
    }

    /// The patches of examples like these, or what is wrong with them.
    fn patches(&self, data: &Dataset) -> Result<Patches> {
        self.check()?;
        let schema = data.schema();
        let series = series_of(schema);
        let picture = match (schema.as_image(), series) {
            (Some(picture), _) => picture,
            (None, Some([steps, channels])) => [channels, 1, steps],
            (None, None) => return Err(refused("transformer", "pictures and series", schema, "mlp")),
        };
        let sides = [picture[1], picture[2]].map(|side| Side::new(side, self.patch));
        Ok(Patches { picture, series, sides })
    }

    /// The blocks, and the normalization after the last. They begin small, so that many of them do not add up to a large
    /// sum.
    fn attention(&self, causal: bool, from: &mut Generator) -> Vec<Layer<Tensor<f32>>> {
        let part = (2.0 * self.blocks as f32).sqrt().recip();
        let block = |_| {
            let mut block = TransformerBlock::new([self.width, 4 * self.width], self.heads, from);
            block.causal = causal;
            for linear in [&mut block.self_attn.out_proj, &mut block.linear2] {
                linear.weight = linear.weight.map(|w: f32| part * w);
            }
            block.into()
        };
        let blocks = (0..self.blocks).map(block);
        blocks.chain([LayerNorm::new([self.width]).into()]).collect()
    }
}

/// Examples cut into patches.
struct Patches {
    /// Channels, height and width; of a series, one pixel high.
    picture: [usize; 3],
    /// Steps and channels of a series.
    series: Option<[usize; 2]>,
    sides: [Side; 2],
}

/// The number of patches.
fn count(sides: [Side; 2]) -> usize {
    sides.iter().map(|side| side.count).product()
}

/// Patches along a side.
#[derive(Clone, Copy)]
struct Side {
    /// The length of a patch.
    patch: usize,
    count: usize,
    /// Zeros at each end.
    padding: usize,
    /// Pixels that the transposed convolution would leave out at the end.
    output_padding: usize,
}

impl Side {
    /// As few patches as cover a side, which lies in the middle of them.
    fn new(side: usize, patch: usize) -> Self {
        let patch = patch.min(side);
        let count = side.div_ceil(patch);
        let padding = (patch * count - side).div_ceil(2);
        Side { patch, count, padding, output_padding: side + 2 * padding - patch * count }
    }
}
