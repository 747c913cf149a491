//! Encoder, decoder and head as one: what objectives stand on.

use autograd::{Buffer, NewBuffers, Real, Tensor, Var, cost, tree, value, value_with};
use nn::layers::TokenWriter;
use nn::{Context, Dataset, Error, Generator, Result, Sequential};

use super::beginning::normalizes_batches;
use super::{Design, evaluation, texts};
use crate::densities::Head;

/// Encoder, decoder and head.
#[derive(Clone, Debug)]
pub struct Autoencoder<W> {
    /// Example to code, or to the parameters of a posterior.
    pub encoder: Sequential<W>,
    /// Code to what the head reads.
    pub decoder: Sequential<W>,
    /// The decoder of texts, in place of `decoder`, which has no layers then.
    pub writer: Option<TokenWriter<W>>,
    /// Meaning of the decoder's numbers.
    pub head: Head<W>,
    /// The numbers for the mean of the data, to which the decoder adds, where its last layer has no bias for each of them.
    pub mean: Option<Buffer<W>>,
    /// Numbers in a code.
    pub code: usize,
}
tree!(Autoencoder { encoder, decoder, writer, head, mean; code });

impl Autoencoder<Tensor<f32>> {
    /// A network with initial parameters, whose encoder gives the code and whose decoder begins at the mean of the data.
    ///
    /// # Errors
    /// If the likelihood or the network is not for such data, or a layer has no units.
    pub fn new(data: &Dataset, design: &Design, from: &mut Generator) -> Result<Self> {
        Autoencoder::with_outputs(data, design, design.code, from)
    }

    /// The same with so many numbers from the encoder.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn with_outputs(
        data: &Dataset,
        design: &Design,
        outputs: usize,
        from: &mut Generator,
    ) -> Result<Self> {
        let code = design.code;
        if code == 0 {
            return Err(Error::setting("code", "the code must have at least 1 number (--code 1)"));
        }
        let head = Head::new(design.likelihood, data)?;
        let mean = head.output_for_mean(data);
        let network = &design.network;
        let encoder = network.encoder_of_code(data, code, outputs, from)?;
        let (decoder, writer, mean) = match texts::text_of(data.schema()) {
            None => {
                let decoder = network.decoder(data, code, &mean, from)?;
                (decoder, None, network.adds_to_mean().then_some(Buffer(mean)))
            }
            Some(_) => {
                let writer = network.writer(data, code, &mean, from)?;
                let writer = writer.ok_or_else(|| texts::refused(network.name()))?;
                (Sequential::new([]), Some(writer), None)
            }
        };
        let mut net = Autoencoder { encoder, decoder, writer, head, mean, code };
        net.begin_statistics(data);
        Ok(net)
    }

    /// Gives batch normalization its first running statistics, so that a network can be looked at before it has learnt
    /// anything.
    fn begin_statistics(&mut self, data: &Dataset) {
        /// As many examples as are looked at.
        const ENOUGH: usize = 256;
        if !normalizes_batches(self) || data.len() < 2 {
            return;
        }
        let some: Vec<usize> = (0..data.len().min(ENOUGH)).collect();
        let context = &mut Context::training(0, 0, &some);
        let (_, statistics) = value_with(&*self, |net, tape| {
            (net.there_and_back(tape.constant(data.rows(&some)), context), NewBuffers::of(&net))
        });
        statistics.store(self);
    }

    /// Bytes that an example takes in a pass through encoder and decoder: what a step of training keeps for each example
    /// of its batch until the gradients are known, which take up to as much again. Found by passes over one example and
    /// over two, so it takes as long as they do.
    pub fn bytes_of_example(&self) -> usize {
        let pass = |rows: usize| {
            let x = Tensor::zeros([rows, self.head.columns()]);
            let pass = || value(self, |net, tape| net.there_and_back(tape.constant(&x), &mut evaluation()));
            cost::peak_of(pass).1
        };
        pass(2).saturating_sub(pass(1))
    }
}

impl<'t, T: Real> Autoencoder<Var<'t, T>> {
    /// The encoder's output, `[batch, features]` to `[batch, outputs]`.
    pub fn encode(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        self.encoder.forward(x, context)
    }

    /// The decoder's numbers for the first numbers of the encoder's output, of which a model may take others for its code.
    fn there_and_back(&self, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let outputs = self.encode(x, context);
        let count = outputs.shape()[1].min(self.code);
        let codes = outputs.slice(1, ..count).pad([[0, 0], [0, self.code - count]], 0.0);
        self.output_for(codes, x, context)
    }

    /// The decoder's numbers for these examples, `[rows, code]` to `[rows, parameters]`: of a text, at each place given what
    /// stands before it in `x`.
    #[track_caller]
    pub fn output_for(&self, z: Var<'t, T>, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        match &self.writer {
            Some(writer) => writer.forward(z, x, context).flatten(1),
            None => self.output(z, context),
        }
    }

    /// The decoder's numbers, `[rows, code]` to `[rows, parameters]`, where they follow from the code alone.
    ///
    /// # Panics
    /// If the examples are texts, whose decoder reads what stands before each place; see [`output_for`](Self::output_for).
    #[track_caller]
    pub fn output(&self, z: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        assert!(self.writer.is_none(), "output: the decoder of texts reads the examples besides a code");
        let output = self.decoder.forward(z, context);
        self.mean.map_or(output, |mean| output + mean.0)
    }

    /// The reconstruction, `[rows, code]` to `[rows, features]`: of a text, token by token the most likely next one.
    pub fn reconstruction(&self, z: Var<'t, T>) -> Var<'t, T> {
        if let Some(writer) = &self.writer {
            return writer.write(z, None);
        }
        self.head.mean(self.output(z, &mut evaluation()))
    }

    /// `−ln p(x|z)` of every row, `[rows]`: of what the context says was observed.
    ///
    /// # Panics
    /// If `z` and `x` have different numbers of rows, or a mask not the shape of `x`.
    #[track_caller]
    pub fn nll(&self, z: Var<'t, T>, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let output = self.output_for(z, x, context);
        match context.on(x.tape()).observed() {
            None => self.head.nll(output, x),
            Some(mask) => self.head.nll_of_observed(output, x, mask),
        }
    }

    /// The reconstruction term of a loss; see [`Head::loss`]. Gaps have no part in it.
    ///
    /// # Panics
    /// Those of [`nll`](Self::nll).
    #[track_caller]
    pub fn loss(&self, z: Var<'t, T>, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let output = self.output_for(z, x, context);
        match context.on(x.tape()).observed() {
            None => self.head.loss(output, x),
            Some(mask) => self.head.nll_of_observed(output, x, mask).mean(),
        }
    }

    /// `ln p(x|z)` of several draws for each example: `[batch, draws, code]` to `[batch, draws]`.
    ///
    /// # Panics
    /// If the codes have not three axes.
    #[track_caller]
    pub fn ln_likelihood(&self, z: Var<'t, T>, x: Var<'t, T>, context: &mut Context) -> Var<'t, T> {
        let [batch, draws, code] = z.shape()[..] else {
            panic!("codes should be [batch, draws, code], not {:?}", z.shape());
        };
        let features = x.shape()[1];
        let for_draws = |of: Var<'t, T>| {
            of.unsqueeze(1).expand([batch, draws, features]).reshape([batch * draws, features])
        };
        let (z, of_draws) = (z.reshape([batch * draws, code]), for_draws(x));
        let output = match &self.writer {
            // Dropout is drawn for the examples of the context, and there are several rows for each.
            Some(writer) => writer.forward(z, of_draws, &mut evaluation()).flatten(1),
            None => self.output(z, context),
        };
        let nll = match context.on(x.tape()).observed() {
            None => self.head.nll(output, of_draws),
            Some(mask) => self.head.nll_of_observed(output, of_draws, for_draws(mask)),
        };
        -nll.reshape([batch, draws])
    }

    /// A draw from `p(x|z)` for every row, `[rows, code]` to `[rows, features]`; see [`Head::draw`].
    pub fn draw(&self, z: Var<'t, T>, context: &mut Context) -> Option<Tensor<T>> {
        if let Some(writer) = &self.writer {
            return Some(writer.write(z, Some(context)).value());
        }
        self.head.draw(self.output(z, &mut evaluation()), context)
    }
}
