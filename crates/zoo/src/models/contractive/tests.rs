use autograd::{Name, Tree, grad, value};
use nn::{Purpose, generator};

use super::*;
use crate::AnyModel;
use crate::data::digits;
use crate::train::{Plan, train};

/// A model in double precision, and six digits.
fn build(change: impl FnOnce(&mut Config)) -> (Contractive<Tensor<f64>>, Tensor<f64>) {
    let data = digits().train;
    let mut config = Config::defaults(&data);
    config.design.code = 7;
    change(&mut config);
    let model = config.build(&data, &mut generator(3, Purpose::Init, 0, 0)).unwrap().0;
    let model = model.map(Name::Root, &mut |_, w: &Tensor<f32>| w.cast::<f64>());
    (model, data.rows(&EXAMPLES).cast())
}

fn layers(hidden: &[usize]) -> Network {
    Mlp { hidden: hidden.to_vec(), activation: Activation::Sigmoid }.into()
}

const EXAMPLES: [usize; 6] = [0, 1, 2, 3, 4, 5];

/// The terms of the loss that follow reconstruction.
fn penalties(model: &Contractive<Tensor<f64>>, x: &Tensor<f64>, epoch: u64) -> Vec<f64> {
    let mut context = Context::training(0, epoch, &EXAMPLES);
    let mut values = vec![];
    value(model, |model, tape| {
        let loss = model.loss(tape.constant(x), &mut context);
        values.extend(loss.terms[1..].iter().map(|term| term.1.item()));
        loss.total()
    });
    values
}

#[test]
fn closed_form_and_exact_sweeps_are_the_same_number() {
    let with = |code, jacobian| build(|c| (c.design.code, c.curvature, c.jacobian) = (code, 0.5, jacobian));
    // 100 numbers in the code are more than the 64 pixels: then the sweeps are over the pixels.
    for code in [7, 100] {
        let (closed, x) = with(code, Jacobian::ClosedForm);
        let (exact, _) = with(code, Jacobian::Exact);
        for (closed, exact) in penalties(&closed, &x, 1).iter().zip(penalties(&exact, &x, 1)) {
            assert!((closed - exact).abs() < 1e-10 * exact, "{closed} {exact}");
        }
        let gradient = |model: &Contractive<Tensor<f64>>| {
            let context = Context::training(0, 1, &EXAMPLES);
            grad(model, |model, tape| model.loss(tape.constant(&x), &mut context.clone()).total())
        };
        let weight = |model: Contractive<Tensor<f64>>| model.body.own().up[0].weight.to_vec();
        for (closed, exact) in weight(gradient(&closed)).iter().zip(weight(gradient(&exact))) {
            assert!((closed - exact).abs() < 1e-10, "{closed} {exact}");
        }
    }
}

#[test]
fn probes_are_right_on_average_in_networks_of_any_depth() {
    for hidden in [vec![], vec![9], vec![12, 9]] {
        let with = |jacobian| {
            build(|c| {
                (c.jacobian, c.curvature) = (jacobian, 2.0);
                c.design.network = Mlp { hidden: hidden.clone(), activation: Activation::Tanh }.into();
            })
        };
        let (exact, x) = with(Jacobian::Exact);
        let (probing, _) = with(Jacobian::Probes);
        let drawn = 300;
        for term in 0..2 {
            // The place ε where J is compared is drawn as well, so exact values are averaged, too.
            let differences: Vec<f64> = (0..drawn)
                .map(|epoch| penalties(&probing, &x, epoch)[term] - penalties(&exact, &x, epoch)[term])
                .collect();
            let mean = differences.iter().sum::<f64>() / drawn as f64;
            let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (drawn - 1) as f64;
            let error = (variance / drawn as f64).sqrt();
            assert!(mean.abs() < 3.0 * error, "{hidden:?} term {term}: {mean} ± {error}");
        }
    }
}

#[test]
fn the_penalty_is_the_mean_squared_norm_of_the_jacobian() {
    let (model, x) = build(|c| c.design.network = layers(&[9]));
    let jacobian = value(&model, |model, tape| model.jacobian(tape.constant(&x)));
    assert_eq!(jacobian.shape(), [6, 7, 64]);
    let norm = jacobian.to_vec().iter().map(|j| j * j).sum::<f64>() / 6.0;
    let (exact, _) = build(|c| (c.design.network, c.jacobian) = (layers(&[9]), Jacobian::Exact));
    assert!((penalties(&exact, &x, 1)[0] - 0.1 * norm).abs() < 1e-12);

    // The code along a short way is what the Jacobian says.
    let step = 1e-5;
    let encode = |x: &Tensor<f64>| value(&model, |model, tape| model.encode(tape.constant(x)));
    let along = Tensor::from_fn([6, 64], |i| (i as f64).sin());
    let ends = [step, -step].map(|step| encode(&x.zip(&along, |x, a| x + step * a)));
    let secant = ends[0].zip(&ends[1], |a, b| (a - b) / (2.0 * step));
    let tangent = jacobian.matmul(&along.reshape([6, 64, 1])).reshape([6, 7]);
    assert!(secant.zip(&tangent, |a, b| (a - b).abs()).to_vec().iter().all(|d| *d < 1e-8));
}

#[test]
fn every_way_to_the_penalty_has_a_gradient_and_training_follows_it() {
    // A well-known tutorial divided by the batch size with the integer division, whose derivative is
    // zero: it has trained without its penalty since. So: the gradient is there, and it works.
    let data = digits();
    for (jacobian, hidden) in
        [(Jacobian::ClosedForm, vec![]), (Jacobian::Exact, vec![]), (Jacobian::Probes, vec![20])]
    {
        let config = |contraction| {
            let mut config = Config { contraction, jacobian, ..Config::defaults(&data.train) };
            (config.design.code, config.design.network) = (8, layers(&hidden));
            config
        };
        let norm = |contraction: f64| {
            let from = &mut generator(0, Purpose::Init, 0, 0);
            let mut model = config(contraction).build(&data.train, from).unwrap();
            let plan = Plan { epochs: 10, batch: 64, learning_rate: 1e-2, ..Plan::default() };
            train(&mut model, &data, &plan).unwrap();
            let part = data.test.rows(&EXAMPLES);
            let jacobian = value(&model.0, |model, tape| model.jacobian(tape.constant(&part)));
            jacobian.to_vec().iter().map(|j| j * j).sum::<f32>()
        };
        let [free, held] = [0.0, 1.0].map(norm);
        assert!(held < 0.5 * free, "{jacobian:?}: {free} became {held}");

        let from = &mut generator(0, Purpose::Init, 0, 0);
        let model = config(1.0).build(&data.train, from).unwrap().0;
        let slope = grad(&model, |model, tape| {
            let x = tape.constant(data.train.rows(&EXAMPLES));
            model.loss(x, &mut Context::training(0, 1, &EXAMPLES)).terms[1].1
        });
        assert!(slope.body.own().up.iter().all(|layer| layer.weight.to_vec().iter().any(|d| *d != 0.0)));
    }
}

#[test]
fn untied_weights_can_evade_the_penalty_and_tied_ones_are_the_default() {
    assert!(Config::defaults(&digits().train).tied);
    // Linear, so that the way out is exact: encoder W/10, decoder 10 V.
    let linear = || Mlp { hidden: vec![], activation: Activation::Identity }.into();
    let (model, x) = build(|c| (c.tied, c.design.network) = (false, linear()));
    let mut mirror = model.body.own().clone();
    mirror.up[0].weight = mirror.up[0].weight.map(|w| w / 10.0);
    mirror.down[0].weight = mirror.down[0].weight.as_ref().map(|w| w.map(|w| w * 10.0));
    let scaled = Contractive { body: Body::Own(mirror), config: model.config.clone() };
    let reconstruction = |model: &Contractive<Tensor<f64>>| {
        value(model, |model, tape| model.decode(model.encode(tape.constant(&x)))).to_vec()
    };
    let same = reconstruction(&model).into_iter().zip(reconstruction(&scaled));
    assert!(same.into_iter().all(|(a, b)| (a - b).abs() < 1e-12));
    assert!((penalties(&scaled, &x, 1)[0] / penalties(&model, &x, 1)[0] - 0.01).abs() < 1e-12);
}

#[test]
fn settings_without_sense_are_refused() {
    let data = digits().train;
    let refusal = |change: fn(&mut Config)| {
        let mut config = Config::defaults(&data);
        change(&mut config);
        config.build(&data, &mut generator(0, Purpose::Init, 0, 0)).err().expect("an error").to_string()
    };
    assert!(refusal(|c| c.contraction = -1.0).contains("contraction must be a number from 0 up, not -1"));
    assert!(refusal(|c| c.distance = 0.0).contains("distance must be a positive number"));
    assert!(refusal(|c| c.probes = 0).contains("at least 1 probe"));
    assert!(
        refusal(|c| (c.jacobian, c.design.network) = (Jacobian::ClosedForm, layers(&[9])))
            .contains("\"closed_form\" is for the network `mlp` without hidden layers")
    );
}

/// A code that depends on its company has no Jacobian of its own.
#[test]
fn batch_normalization_is_refused_and_other_networks_are_contracted() {
    let data = digits().train;
    let on = |norm: &str, jacobian: &str| {
        let given = format!(
            "code = 3\nlikelihood = 'bernoulli'\njacobian = '{jacobian}'\n[network]\nname = 'conv'\nchannels = [4]\n\
             hidden = []\nactivation = 'tanh'\nnorm = '{norm}'"
        );
        let config = Config::complete(&given.parse().unwrap(), &data)?;
        config.build(&data, &mut generator(0, Purpose::Init, 0, 0))
    };
    let text = on("batch", "automatic").err().unwrap().to_string();
    assert!(text.starts_with("norm = \"batch\" makes the code of an example depend on the others"), "{text}");
    let text = on("none", "closed_form").err().unwrap().to_string();
    assert!(text.contains("is for the network `mlp` without hidden layers"), "{text}");

    // The exact way is the norm of the Jacobian of the reconstruction, and probes come near it.
    let x = data.rows(&EXAMPLES);
    let penalty = |jacobian: &str, epoch: u64| {
        on("none", jacobian).unwrap().loss(&x, Context::training(0, epoch, &EXAMPLES)).values[1].1
    };
    let model = on("none", "exact").unwrap();
    let [inner, outer] = [model.encoder_jacobian(&x), model.decoder_jacobian(&model.encode(&x))];
    let squares = outer.matmul(&inner).map(|j| j * j).sum_to([]).item();
    let (exact, expected) = (penalty("exact", 1), 0.1 * f64::from(squares) / 6.0);
    assert!((exact / expected - 1.0).abs() < 1e-4, "{exact} {expected}");
    let probed = (0..200).map(|epoch| penalty("probes", epoch)).sum::<f64>() / 200.0;
    assert!((probed / exact - 1.0).abs() < 0.2, "{probed} {exact}");
}
