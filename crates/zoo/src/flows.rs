//! Normalizing flows: invertible functions whose Jacobian has a cheap determinant. A sample `z₀` of a
//! Gaussian becomes `z = f(z₀)` with a richer density,
//!
//! > `ln q(z) = ln q₀(z₀) − ln |det ∂z/∂z₀|`
//!
//! (Rezende and Mohamed 2015, eq. 5).

use autograd::{Real, Tensor, Var, tree};
use nn::{Generator, Init, Linear};

/// `f(z) = z + û tanh(wᵀz + b)` for rows (Rezende and Mohamed 2015, eq. 10), and `ln |det| = ln(1 + ûᵀw (1 −
/// tanh²))` for each, `[rows]`.
///
/// Invertible if `ûᵀw ≥ −1`, so `û` is `u` moved along `w` until it is: `ûᵀw = −1 + softplus(uᵀw + c)`
/// (appendix A.1), where the constant `c = ln(e − 1)` makes `u = 0` the identity. For `w = 0` there is no direction to
/// move along, and none is needed.
///
/// `z`, `u` and `w` are `[rows, latents]`, `b` is `[rows, 1]`.
pub fn planar<'t, T: Real>(
    z: Var<'t, T>,
    u: Var<'t, T>,
    w: Var<'t, T>,
    b: Var<'t, T>,
) -> (Var<'t, T>, Var<'t, T>) {
    let dot = |a: Var<'t, T>, b: Var<'t, T>| (a * b).sum_over(autograd::Keep(-1));
    let along = dot(u, w);
    let grown = (along + (std::f64::consts::E - 1.0).ln()).softplus(); // 1 + ûᵀw
    let length = dot(w, w);
    let u = u + (grown - 1.0 - along) * w / length.masked_fill(length.eq(0.0), 1.0);
    let h = (dot(w, z) + b).tanh();
    // 1 + ûᵀw (1 − h²), also where 1 + ûᵀw is so small that its difference from 1 forgets it.
    let determinant = grown + (1.0 - grown) * h.square();
    (z + u * h, determinant.ln().squeeze(-1))
}

/// A step of inverse autoregressive flow (Kingma et al. 2016, eq. 14):
///
/// > `f(z) = σ ⊙ z + (1 − σ) ⊙ m`,  `ln det = Σⱼ ln σⱼ`
///
/// `mⱼ` and `σⱼ` are computed from the `zᵢ` with `i < j` and a context, by a network with masked weights
/// (Germain et al. 2015), so the Jacobian is triangular.
#[derive(Clone, Debug)]
pub struct Autoregressive<W> {
    from_z: Linear<W>,
    from_context: Linear<W>,
    output: Linear<W>,
}
tree!(Autoregressive { from_z, from_context, output });

impl Autoregressive<Tensor<f32>> {
    /// `σ` at the beginning: a step remembers more than it writes.
    pub const FIRST_SIGMA: f64 = 0.880_797_077_977_882_4;

    /// A step that begins near the identity.
    pub fn new(latents: usize, context: usize, hidden: usize, from: &mut Generator) -> Self {
        let mut output = Linear::new(hidden, 2 * latents, Init::Glorot, from);
        output.weight = output.weight.map(|w| 0.1 * w);
        let logit = (Self::FIRST_SIGMA / (1.0 - Self::FIRST_SIGMA)).ln() as f32; // 2
        output.bias = Tensor::from_fn([2 * latents], |i| if i < latents { 0.0 } else { logit });
        Autoregressive {
            from_z: Linear::new(latents, hidden, Init::Glorot, from),
            from_context: Linear::new(context, hidden, Init::Glorot, from),
            output,
        }
    }
}

impl<'t, T: Real> Autoregressive<Var<'t, T>> {
    /// `f(z)` for `[rows, latents]` and a context `[rows, context]`, and `ln det` for each row, `[rows]`.
    pub fn forward(&self, z: Var<'t, T>, context: Var<'t, T>) -> (Var<'t, T>, Var<'t, T>) {
        let (latents, hidden) = (z.shape()[1], self.from_z.bias.shape()[0]);
        // A hidden unit of degree d may see the first d latents, and latent j be told by degrees below j,
        // counting from 1; degree 0 sees the context alone.
        let degree = |unit: usize| unit % latents;
        let masked = |weight: Var<'t, T>, columns: usize, open: &dyn Fn(usize, usize) -> bool| {
            let mask = |i: usize| if open(i / columns, i % columns) { T::one() } else { T::zero() };
            weight * weight.tape().constant(Tensor::from_fn(weight.shape(), mask))
        };
        let sees = masked(self.from_z.weight, latents, &|unit, latent| latent < degree(unit));
        let tells = masked(self.output.weight, hidden, &|row, unit| degree(unit) <= row % latents);
        let hidden = z.matmul(sees.t()) + self.from_z.bias + self.from_context.forward(context);
        let [m, s] = (hidden.tanh().matmul(tells.t()) + self.output.bias).chunk(-1);
        let sigma = s.sigmoid();
        (sigma * z + (1.0 - sigma) * m, s.log_sigmoid().sum_over(-1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autograd::{Name, Tape, Tree, gradcheck};
    use nalgebra::DMatrix;
    use nn::{Purpose, generator, random::normal};

    /// A function of one row and the logarithm of its determinant.
    type Step<'a> = dyn for<'t> Fn(Var<'t, f64>) -> (Var<'t, f64>, Var<'t, f64>) + 'a;

    /// The determinant from the tape's Jacobian against the one by formula.
    fn compare(name: &str, z: Tensor<f64>, f: &Step) -> DMatrix<f64> {
        let tape = Tape::<f64>::new();
        let z = tape.var(z);
        let (y, ln_det) = f(z);
        let n = z.value().len();
        let jacobian = DMatrix::from_row_slice(n, n, &y.jacobian(z).value().to_vec());
        let exact = jacobian.determinant().abs().ln();
        assert!((ln_det.sum().item() - exact).abs() < 1e-12, "{name}: {} {exact}", ln_det.sum().item());
        jacobian
    }

    #[test]
    fn a_planar_flow_has_the_determinant_it_says_and_stays_invertible() {
        let from = &mut generator(0, Purpose::Sample, 0, 0);
        for scale in [0.1, 1.0, 10.0] {
            for _ in 0..20 {
                let [z, u, w] = std::array::from_fn(|_| normal::<f64>([1, 3], from).map(|v| scale * v));
                let b = normal::<f64>([1, 1], from);
                let step = |z: &Tensor<f64>| {
                    compare("planar", z.clone(), &|z| {
                        let constant = |t: &Tensor<f64>| z.tape().constant(t);
                        planar(z, constant(&u), constant(&w), constant(&b))
                    })
                };
                assert!(step(&z).determinant() > 0.0, "an invertible flow never turns space over");
            }
        }
    }

    #[test]
    fn a_planar_flow_with_u_0_is_the_identity() {
        let tape = Tape::<f64>::new();
        let [z, w] = [0.7, 0.3].map(|v| tape.constant(Tensor::full([2, 3], v)));
        let (y, ln_det) = planar(z, w * 0.0, w, tape.constant(Tensor::ones([2, 1])));
        assert!(y.value().zip(&z.value(), |a, b| (a - b).abs()).to_vec().iter().all(|d| *d < 1e-15));
        assert!(ln_det.value().to_vec().iter().all(|d| d.abs() < 1e-15));
    }

    #[test]
    fn an_autoregressive_flow_is_triangular_and_has_the_determinant_it_says() {
        let from = &mut generator(1, Purpose::Sample, 0, 0);
        let flow = Autoregressive::new(4, 2, 9, from);
        let context = normal::<f64>([1, 2], from);
        let jacobian = compare("autoregressive", normal([1, 4], from), &|z| {
            let tape = z.tape();
            let flow = flow.map(Name::Root, &mut |_, w: &Tensor<f32>| tape.constant(w.cast::<f64>()));
            flow.forward(z, tape.constant(&context))
        });
        for row in 0..4 {
            for column in 0..4 {
                let value = jacobian[(row, column)];
                assert_eq!(value != 0.0, column <= row, "∂y{row}/∂z{column} = {value}");
            }
        }
    }

    #[test]
    fn derivatives_of_the_determinants() {
        let from = &mut generator(2, Purpose::Sample, 0, 0);
        let inputs: [Tensor<f64>; 3] = std::array::from_fn(|_| normal([2, 3], from));
        for order in 1..=2 {
            gradcheck(
                |[z, u, w]| {
                    let (y, ln_det) = planar(z, u, w, z.tape().constant(Tensor::full([2, 1], 0.3)));
                    y.square().sum() + ln_det.sum()
                },
                inputs.clone(),
                order,
            )
            .unwrap();
        }
    }
}
