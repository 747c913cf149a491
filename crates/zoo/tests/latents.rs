//! What single models do that others do not: priors, flows, classes, codebooks.

use autograd::{Name, NewBuffers, Tape, Tensor, Tree, value_and_grad, value_and_grad_with};
use nn::train::Update;
use nn::{Adam, Context, Dataset, Purpose, generator, random::normal};
use toml::Table;
use zoo::Settings;
use zoo::data::digits;
use zoo::models::{flow_vae, vamp, vq_vae};
use zoo::network::evaluation;
use zoo::registry::find;
use zoo::terms::{ln_gaussian, ln_mean_exp};
use zoo::train::{Plan, train};
use zoo::{AnyModel, Model, evaluate};

fn first(data: &Dataset, count: usize) -> Dataset {
    let numbers: Vec<usize> = (0..count).collect();
    data.select(&numbers)
}

fn built<S: Settings>(settings: &str, data: &Dataset) -> S::Model {
    let settings = S::complete(&settings.parse::<Table>().unwrap(), data).unwrap();
    settings.build(data, &mut generator(0, Purpose::Init, 0, 0)).unwrap()
}

#[test]
fn a_vamp_prior_is_the_mean_of_its_posteriors() {
    let data = first(&digits().train, 10);
    let model = built::<vamp::Config>("code = 3\nhidden = [8]\ncomponents = 4", &data).0;
    let tape = Tape::<f64>::new();
    let model = model.map(Name::Root, &mut |_, leaf: &Tensor<f32>| tape.constant(leaf.cast::<f64>()));
    let z = tape.constant(normal::<f64>([5, 2, 3], &mut generator(1, Purpose::Sample, 0, 0)));
    let q = model.network().posterior(model.pseudo_inputs, &mut evaluation());
    let by_hand = ln_mean_exp(ln_gaussian(z.unsqueeze(2), q.mu, q.log_var));
    let difference = (model.ln_prior(z, &mut evaluation()) - by_hand).abs().max().item();
    assert!(difference < 1e-9, "{difference}");
}

#[test]
fn pseudo_inputs_begin_as_examples_and_move_with_the_divergence_alone() {
    let data = first(&digits().train, 20);
    let model = built::<vamp::Config>("hidden = [8]\ncomponents = 4", &data).0;
    let is_example = |u: &[f32]| data.x().to_vec().chunks(64).any(|x| x == u);
    assert!(model.pseudo_inputs.to_vec().chunks(64).all(is_example));
    let numbers: Vec<usize> = (0..20).collect();
    let moved = |term: usize| {
        let (_, gradient) = value_and_grad(&model, |model, tape| {
            model.loss(tape.constant(data.x()), &mut Context::training(0, 1, &numbers)).terms[term].1
        });
        gradient.pseudo_inputs.to_vec().iter().map(|g| g.abs()).sum::<f32>()
    };
    assert!(moved(0) == 0.0 && moved(1) > 1e-3, "{} {}", moved(0), moved(1));
}

#[test]
fn the_determinant_of_a_whole_flow_is_that_of_its_jacobian() {
    let data = first(&digits().train, 4);
    for flow in ["planar", "autoregressive"] {
        let settings = format!("code = 3\nhidden = [8]\nsteps = 3\nflow = \"{flow}\"");
        let model = built::<flow_vae::Config>(&settings, &data).0;
        let tape = Tape::<f64>::new();
        let model = model.map(Name::Root, &mut |_, leaf: &Tensor<f32>| tape.constant(leaf.cast::<f64>()));
        let x = tape.constant(data.rows(&[1]).cast::<f64>());
        let (_, further) = model.network().posterior_and_further(x, &mut evaluation());
        let z = tape.var(normal::<f64>([1, 3], &mut generator(1, Purpose::Sample, 0, 0)));
        let (y, ln_det) = model.transform(z, further);
        let j = y.jacobian(z).value().to_vec();
        let j = |row: usize, column: usize| j[row * 3 + column];
        let minor = |a: usize, b: usize| j(1, a) * j(2, b) - j(1, b) * j(2, a);
        let det = j(0, 0) * minor(1, 2) - j(0, 1) * minor(0, 2) + j(0, 2) * minor(0, 1);
        let ln_det = ln_det.sum().item();
        assert!((ln_det - det.abs().ln()).abs() < 1e-12, "{flow}: {ln_det} {det}");
        assert!(ln_det.abs() > 1e-4, "{flow}: a flow that does nothing proves nothing");
    }
}

#[test]
fn planar_flows_have_right_derivatives_too() {
    let x = Tensor::from_fn([3, 5], |i| ((i * 7) % 11) as f32 / 10.0);
    let data = Dataset::new(x.clone());
    let settings = "code = 2\nhidden = [4]\nactivation = \"tanh\"\nflow = \"planar\"";
    let model = built::<flow_vae::Config>(settings, &data);
    for order in 1..=2 {
        model.gradcheck(&x, Context::training(0, 1, &[0, 1, 2]), order).unwrap();
    }
}

#[test]
fn labels_reach_the_loss_and_classes_can_be_chosen() {
    let data = digits();
    let entry = find("cvae").unwrap();
    let settings = entry.complete(&Table::new(), &data.train).unwrap();
    let mut model = entry.build(&settings, &data.train, 0).unwrap();
    train(&mut *model, &data, &Plan { epochs: 40, ..entry.plan(&data.train) }).unwrap();

    let few = first(&data.test, 100);
    let truth = evaluate::loss(&*model, &few, 0).total();
    let wrong = few.labels().map(|labels| labels.iter().map(|label| (label + 1) % 10).collect());
    let told_wrong = evaluate::loss(&*model, &few.clone().with_labels(wrong), 0);
    assert!(told_wrong.total() > truth + 5.0, "{} {truth}", told_wrong.total());

    // Samples of a class are taken for that class by the classifier, which is the end of the code.
    let numbers: Vec<usize> = (0..100).collect();
    let sevens = model.sample(Context::sampling(0, &numbers).with_labels(Some(vec![7; 100]))).unwrap();
    let code = model.encode(&model.decode(&sevens));
    let guesses = code.slice(1, code.shape()[1] - 10..code.shape()[1]).argmax_over(-1);
    let right = guesses.iter().filter(|&&guess| guess == 7).count();
    assert!(right >= 90, "{right} of 100");

    let unlabelled = data.train.clone().unlabelled();
    let error = entry.build(&settings, &unlabelled, 0).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("needs labels, and the training examples have none"), "{error}");
}

fn steps(model: &mut vq_vae::Trained, data: &Dataset, epochs: u64) {
    let mut adam = Adam::new(2e-3);
    for epoch in 0..epochs {
        for numbers in nn::data::shuffled(data.len(), 0, epoch).chunks(64) {
            let mut update = Update { optimizer: &mut adam, clip_norm: None };
            model.train_step(&data.rows(numbers), Context::training(0, epoch, numbers), &mut update).unwrap();
        }
    }
}

fn buffers(model: &vq_vae::Trained) -> Vec<Tensor<f32>> {
    let mut all = vec![];
    model.parameters(&mut |name, leaf| all.extend(name.is_buffer().then(|| leaf.clone())));
    all
}

#[test]
fn a_codebook_follows_what_chooses_it_in_training_and_only_there() {
    let data = digits().train;
    let mut model = built::<vq_vae::Config>("restart = 0.0", &data);
    let before = buffers(&model);
    evaluate::loss(&model, &data, 0);
    assert!(buffers(&model) == before, "an evaluation changes nothing");
    steps(&mut model, &data, 1);
    assert!(buffers(&model) != before);
    // 23 steps of decay 0.99 towards the 8 · 64 parts of a batch (the last batch has 30 examples).
    let total = |buffers: &[Tensor<f32>]| buffers[0].to_vec().iter().sum::<f32>();
    let mut expected = total(&before);
    for step in 0..23 {
        expected = 0.99 * expected + 0.01 * 8.0 * if step < 22 { 64.0 } else { 30.0 };
    }
    assert!(
        (total(&buffers(&model)) / expected - 1.0).abs() < 1e-4,
        "{} {expected}",
        total(&buffers(&model))
    );
}

#[test]
fn dead_vectors_start_again_and_the_codebook_stays_in_use() {
    let data = digits().train;
    // A codebook far from all codes but for one vector: without restarts nothing else is ever chosen.
    let spoilt = |restart: f64| {
        let mut model = built::<vq_vae::Config>(&format!("restart = {restart:?}"), &data);
        model.0.visit_mut(Name::Root, &mut |name, leaf| {
            if name.is_buffer() && leaf.shape().len() == 2 {
                *leaf = Tensor::from_fn(leaf.shape(), |i| if i < 4 { 0.0 } else { 1e3 });
            }
        });
        assert!((model.0.perplexity(data.x()) - 1.0).abs() < 1e-9);
        steps(&mut model, &data, 20);
        model.0.perplexity(data.x())
    };
    let (never, restarted) = (spoilt(0.0), spoilt(0.1));
    assert!((never - 1.0).abs() < 1e-9 && restarted > 25.0, "{never} {restarted}");
}

#[test]
fn gradients_pass_straight_through_and_the_commitment_moves_the_encoder_alone() {
    let data = first(&digits().train, 8);
    let model = built::<vq_vae::Config>("hidden = [16]", &data);
    let numbers: Vec<usize> = (0..8).collect();
    let moved = |term: usize| {
        let (_, gradient, _averages) = value_and_grad_with(&model.0, |model, tape| {
            let context = &mut Context::training(0, 1, &numbers);
            (model.loss(tape.constant(data.x()), context).terms[term].1, NewBuffers::of(&model))
        });
        let mut sums = [0.0_f32; 3];
        gradient.visit(&mut |name, leaf: &Tensor<f32>| {
            let text = name.to_string();
            let part = if name.is_buffer() { 2 } else { usize::from(text.contains("decoder")) };
            sums[part] += leaf.to_vec().iter().map(|g| g.abs()).sum::<f32>();
        });
        sums
    };
    let [encoder, decoder, codebook] = moved(0);
    assert!(encoder > 0.1 && decoder > 0.1 && codebook == 0.0);
    let [encoder, decoder, codebook] = moved(1);
    assert!(encoder > 0.01 && decoder == 0.0 && codebook == 0.0);

    // The derivative of the distance to a fixed code is an ordinary one.
    let quantized = model.encode(data.x()).cast::<f64>();
    let z = quantized.map(|v| 0.9 * v + 0.1);
    autograd::gradcheck(|[z]| nn::losses::squared_error(z, z.tape().constant(&quantized)), [z], 2).unwrap();
}
