//! Training as a whole: the same bytes however it is interrupted, checkpoints that survive being killed,
//! callbacks.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, fs, thread};

use autograd::{Tensor, Var};
use nn::checkpoint::Checkpoint;
use nn::data::OnDisk;
use nn::layers::{BatchNorm, Dropout};
use nn::losses::{self, Loss, Unit};
use nn::optim::{AdamW, Plateau, Schedule, Sgd};
use nn::train::{
    Batch, Callback, EarlyStopping, Ended, Epoch, Fit, MetricsFile, Plan, Step, StopFlag, Task, TensorBoard,
    Trainer,
};
use nn::{Activation, Context, Dataset, Init, Linear, Purpose, Sequential, generator};

/// Points of the plane, labelled by whether they are inside a circle.
fn data(seed: u64) -> Dataset {
    let x = nn::random::uniform::<f32>([130, 2], -1.0, 1.0, &mut generator(seed, Purpose::Noise, 0, 0));
    let labels: Vec<u32> = x.to_vec().chunks(2).map(|p| u32::from(p[0] * p[0] + p[1] * p[1] < 0.6)).collect();
    Dataset::new(x).with_labels(labels)
}

/// With everything that has a state: batch normalization, dropout.
fn network() -> Sequential<Tensor<f32>> {
    let from = &mut generator(1, Purpose::Init, 0, 0);
    Sequential::new([
        Linear::new(2, 24, Init::He, from).into(),
        BatchNorm::new(24).into(),
        Activation::Relu.into(),
        Dropout::new(0.2).into(),
        Linear::new(24, 2, Init::Glorot, from).into(),
    ])
}

fn loss<'t>(model: &Sequential<Var<'t, f32>>, batch: Batch<'t>, context: &mut Context) -> Loss<'t, f32> {
    let logits = model.forward(batch.x, context);
    Loss::sum(Unit::Nats, [("cross-entropy", losses::cross_entropy(logits, &batch.classes))])
}

fn plan(epochs: usize) -> Plan {
    let schedule = Schedule::warmup(0.2, Schedule::Cosine { floor: 0.1 });
    let clip_norm = Some(1.0);
    Plan { epochs, batch: 32, learning_rate: 0.02, schedule, seed: 5, clip_norm, drop_last: false, pieces: 1 }
}

fn trainer<'a>(epochs: usize) -> Trainer<'a, f32> {
    let plateau = Plateau { patience: 1, ..Plateau::new(0.5) };
    Trainer::new(plan(epochs), AdamW::new(0.02)).with(EarlyStopping::keep_best()).with_plateau(plateau)
}

/// Stops after this many steps.
struct StopAfter(usize);

impl Callback<f32> for StopAfter {
    fn step(&mut self, step: &Step) -> nn::Result<ControlFlow<()>> {
        Ok(if step.done == self.0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }
}

#[test]
fn ten_epochs_are_five_epochs_and_five_more_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let (train, test) = (data(1), data(2));
    let straight = path("straight");
    // 130 examples in batches of 32 are 5 steps an epoch, the last of 2 examples.
    let run = |threads: usize, file: &Path, resume: bool, stop: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut task = Fit::new(network(), &train, Some(&test), loss);
            let mut trainer =
                trainer(10).with(StopAfter(stop)).with_checkpoints(file, Duration::from_secs(3600));
            if resume {
                trainer.resume(&mut task, file).unwrap();
            }
            trainer.run(&mut task).unwrap();
            (trainer.epochs().len(), trainer.is_finished())
        })
    };
    assert_eq!(run(1, &straight, false, usize::MAX), (10, true));
    let straight = fs::read(straight).unwrap();
    for (threads, stop, completed) in [(2, 25, 5), (3, 27, 5), (1, 1, 0), (5, 49, 9)] {
        let file = path(&format!("stopped{stop}"));
        assert_eq!(run(threads, &file, false, stop), (completed, false), "stop at {stop}");
        assert_eq!(run(threads, &file, true, usize::MAX), (10, true));
        assert!(fs::read(&file).unwrap() == straight, "stopped after {stop} steps: other bytes");
    }
}

#[test]
fn a_checkpoint_of_other_training_is_refused_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("training.safetensors");
    let train = data(1);
    let mut task = Fit::new(network(), &train, None, loss);
    let ended = trainer(2).with_checkpoints(&path, Duration::ZERO).run(&mut task).unwrap();
    assert_eq!(ended, Ended::Finished);

    let problem = |trainer: &mut Trainer<f32>, task: &mut dyn Task<f32>| {
        trainer.resume(task, &path).unwrap_err().to_string()
    };
    let mut other = Trainer::new(Plan { batch: 16, ..plan(2) }, AdamW::new(0.02));
    let text = problem(&mut other, &mut task);
    assert!(text.contains("it was written with another plan: batch is 32 there, here it is 16"), "{text}");
    let mut other = Trainer::new(Plan { clip_norm: None, ..plan(2) }, AdamW::new(0.02));
    let text = problem(&mut other, &mut task);
    assert!(text.contains("another plan: clip_norm is 1.0 there, here it is none"), "{text}");
    let text = problem(&mut trainer(1), &mut task);
    assert!(
        text.contains("the training is in epoch 2, but epochs is 1; put back the epochs it had"),
        "{text}"
    );
    // An epoch that has begun counts: of its steps nothing can be taken back.
    let ended = trainer(3).with(StopAfter(7)).with_checkpoints(&path, Duration::MAX).run(&mut task).unwrap();
    assert_eq!(ended, Ended::Stopped);
    let text = problem(&mut trainer(1).with(StopAfter(0)), &mut task);
    assert!(text.contains("the training is in epoch 2, but epochs is 1"), "{text}");
    trainer(2).with(StopAfter(0)).resume(&mut task, &path).unwrap();

    let mut plain = Trainer::new(plan(2), Sgd::new(0.02));
    let text = problem(&mut plain, &mut task);
    assert!(text.contains("belongs to another model or another kind of optimizer"), "{text}");

    let small = Sequential::new([Linear::new(2, 2, Init::He, &mut generator(0, Purpose::Init, 0, 0)).into()]);
    let mut small = Fit::new(small, &train, None, loss);
    let text = problem(&mut trainer(2), &mut small);
    assert!(text.contains("training.safetensors: "), "{text}");

    nn::checkpoint::save(&path, &task.model, Default::default()).unwrap();
    let text = problem(&mut trainer(2), &mut task);
    assert!(text.contains("there is no plan in this file, so training cannot go on from it"), "{text}");
}

#[test]
fn a_last_batch_that_is_not_full_can_be_left_out() {
    // 65 examples in batches of 64 leave one, of which batch normalization knows no variance.
    let all = data(1);
    let train = all.range(0..65);
    let seen = Cell::new(0);
    let mut task = Fit::new(network(), &train, None, |model, batch, context| {
        seen.set(seen.get() + batch.classes.len());
        let loss = loss(model, batch, context);
        Loss { terms: vec![("a hundred", loss.total() * 0.0 + 100.0)], ..loss }
    });
    let plan = Plan { batch: 64, drop_last: true, ..plan(3) };
    let mut trainer = Trainer::new(plan.clone(), AdamW::new(0.02));
    trainer.run(&mut task).unwrap();
    assert_eq!((seen.get(), plan.steps(65)), (3 * 64, 1));
    // The mean is that of the examples that were seen.
    assert_eq!(trainer.epochs()[2].train.total(), 100.0);

    let too_large = Plan { batch: 66, ..plan };
    let text = Trainer::new(too_large, AdamW::new(0.02)).run(&mut task).unwrap_err().to_string();
    assert!(text.starts_with("a batch of 66 is larger than the 65 training examples"), "{text}");
}

#[test]
fn early_stopping_brings_back_the_best_parameters() {
    let (train, test) = (data(1), data(2));
    let mut task = Fit::new(network(), &train, Some(&test), loss);
    // A rate that soon does harm.
    let plan = Plan { learning_rate: 0.3, schedule: Schedule::Constant, clip_norm: None, ..plan(200) };
    let mut trainer = Trainer::new(plan, AdamW::new(0.3)).with(EarlyStopping::patience(6));
    trainer.run(&mut task).unwrap();
    let losses: Vec<f64> = trainer.epochs().iter().map(|epoch| epoch.judged().total()).collect();
    let best = losses.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(losses.len() < 200, "it stopped after {}", losses.len());
    assert_eq!(losses.iter().position(|&loss| loss == best).unwrap(), losses.len() - 8);
    assert_eq!(task.validate(5).unwrap().unwrap().total(), best);
}

#[test]
fn early_stopping_can_watch_one_term_of_the_loss() {
    let train = data(1);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("training.safetensors");
    let run = |watched: Option<&str>, resume: bool| {
        // A price that rises faster than the rest can fall.
        let mut task = Fit::new(network(), &train, None, |model, batch, context| {
            let mut loss = loss(model, batch, context);
            loss.terms.push(("price", loss.terms[0].1 * 0.0 + context.epoch() as f64));
            loss
        });
        let early = EarlyStopping::patience(0);
        let early = if let Some(term) = watched { early.watch(term) } else { early };
        let mut trainer =
            Trainer::new(plan(4), AdamW::new(0.02)).with(early).with_checkpoints(&path, Duration::MAX);
        if resume {
            trainer.resume(&mut task, &path)?;
        }
        trainer.run(&mut task).map(|_| trainer.epochs().len())
    };
    assert_eq!(run(None, false).unwrap(), 2);
    assert_eq!(run(Some("cross-entropy"), false).unwrap(), 4);
    let text = run(Some("price"), true).unwrap_err().to_string();
    assert!(text.contains("`best price`"), "{text}");
    let text = run(Some("accuracy"), false).unwrap_err().to_string();
    assert_eq!(
        text,
        "early stopping cannot watch `accuracy`, which is no term of the loss; its terms are: cross-entropy, price"
    );
}

#[test]
fn training_that_was_stopped_early_has_nothing_left_to_do() {
    let (train, test) = (data(1), data(2));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("training.safetensors");
    let run = |resume: bool, patience: usize| {
        let mut task = Fit::new(network(), &train, Some(&test), loss);
        let plan = Plan { learning_rate: 0.3, schedule: Schedule::Constant, clip_norm: None, ..plan(200) };
        let mut trainer = Trainer::new(plan, AdamW::new(0.3))
            .with(EarlyStopping::patience(patience))
            .with_checkpoints(&file, Duration::MAX);
        if resume {
            trainer.resume(&mut task, &file).unwrap();
        }
        trainer.run(&mut task).unwrap();
        (trainer.epochs().len(), std::fs::read(&file).unwrap(), task.validate(5).unwrap())
    };
    let stopped = run(false, 6);
    assert!(stopped.0 < 200);
    assert!(run(true, 6) == stopped, "it went on");
    assert!(run(true, 8).0 > stopped.0, "with more patience there is");
}

#[test]
fn training_that_fails_brings_back_the_best_parameters() {
    let (train, test) = (data(1), data(2));
    let steps = Cell::new(0);
    let mut task = Fit::new(network(), &train, Some(&test), |model, batch, context| {
        let loss = loss(model, batch, context);
        steps.set(steps.get() + usize::from(context.is_training()));
        let broken = if context.is_training() && steps.get() == 33 { f64::NAN } else { 1.0 };
        Loss { terms: loss.terms.into_iter().map(|(name, term)| (name, term * broken)).collect(), ..loss }
    });
    let mut trainer = trainer(10);
    let error = trainer.run(&mut task).unwrap_err().to_string();
    assert!(error.contains("at step 33 (epoch 7)"), "{error}");
    let best = trainer.epochs().iter().map(|epoch| epoch.judged().total()).fold(f64::INFINITY, f64::min);
    assert_eq!(task.validate(5).unwrap().unwrap().total(), best);
}

#[test]
fn a_loss_of_the_validation_that_is_not_finite_ends_with_a_sentence() {
    let (train, test) = (data(1), data(2));
    let mut task = Fit::new(network(), &train, Some(&test), |model, batch, context| {
        let mut loss = loss(model, batch, context);
        if !context.is_training() {
            loss.terms.push(("penalty", loss.terms[0].1 * f64::INFINITY));
        }
        loss
    });
    let text = trainer(3).run(&mut task).unwrap_err().to_string();
    assert!(
        text.starts_with("the penalty loss of the examples that are not trained on became inf"),
        "{text}"
    );
    assert!(text.ends_with("after epoch 1"), "{text}");
}

#[test]
fn a_loss_that_is_not_finite_ends_with_a_sentence() {
    let train = data(1);
    let mut task = Fit::new(network(), &train, None, |model, batch, context| {
        let mut loss = loss(model, batch, context);
        loss.terms.push(("penalty", loss.terms[0].1.ln() * 1e38 * 1e38));
        loss
    });
    let error =
        Trainer::new(Plan { clip_norm: None, ..plan(2) }, AdamW::new(0.02)).run(&mut task).unwrap_err();
    let text = error.to_string();
    assert!(text.starts_with("the penalty loss became") && text.ends_with("at step 1 (epoch 1)"), "{text}");
}

#[test]
fn metrics_are_a_line_an_epoch_also_after_a_resumption() {
    let folder = tempfile::tempdir().unwrap();
    let (metrics, checkpoint) = (folder.path().join("metrics.jsonl"), folder.path().join("training"));
    let train = data(1);
    let mut task = Fit::new(network(), &train, None, loss);
    let file = MetricsFile::create(&metrics).unwrap().per("img");
    let mut first =
        trainer(4).with_checkpoints(&checkpoint, Duration::from_secs(3600)).with(StopAfter(10)).with(file);
    first.run(&mut task).unwrap();
    drop(first);
    // A line that was written after the last checkpoint.
    fs::write(&metrics, fs::read_to_string(&metrics).unwrap() + "{\"epoch\":3}\n").unwrap();
    let mut second = trainer(4).with(StopAfter(0));
    second.resume(&mut task, &checkpoint).unwrap();
    let file = MetricsFile::resume(&metrics, second.epochs(), "img").unwrap();
    let mut second = second.with(file);
    second.run(&mut task).unwrap();
    let done = second.epochs().to_vec();
    drop(second);
    let text = fs::read_to_string(&metrics).unwrap();
    let epochs: Vec<&str> = text.lines().map(|line| &line[..11]).collect();
    assert_eq!(epochs, ["{\"epoch\":1,", "{\"epoch\":2,", "{\"epoch\":3,", "{\"epoch\":4,"], "{text}");
    assert!(MetricsFile::create(&metrics).is_err(), "an existing file is not overwritten");
    // Half a line, a line that was lost, the result of an interruption, and a part that was trained before.
    let lines: Vec<&str> = text.lines().collect();
    let part = "{\"epoch\":2,\"pretraining\":1}";
    let damaged = format!("{part}\n{}\n{{\"interrupted\":true}}\n{}\n{{\"epo", lines[0], lines[2]);
    fs::write(&metrics, damaged).unwrap();
    drop(MetricsFile::resume(&metrics, &done[..3], "img").unwrap());
    let mended = fs::read_to_string(&metrics).unwrap();
    let mended: Vec<&str> = mended.lines().collect();
    assert_eq!((mended.len(), mended[0], mended[1], mended[3]), (4, part, lines[0], lines[2]));
    assert!(mended[2].starts_with("{\"epoch\":2,"), "{}", mended[2]);
    drop(MetricsFile::resume(&folder.path().join("gone.jsonl"), &done[..3], "img").unwrap());
    assert_eq!(fs::read_to_string(folder.path().join("gone.jsonl")).unwrap().lines().count(), 3);
}

#[test]
fn a_stop_flag_ends_training_after_the_step_with_a_checkpoint() {
    struct RaiseAt(usize, StopFlag);
    impl Callback<f32> for RaiseAt {
        fn step(&mut self, step: &Step) -> nn::Result<ControlFlow<()>> {
            if step.done == self.0 {
                self.1.raise();
            }
            Ok(ControlFlow::Continue(()))
        }
        fn epoch(&mut self, epoch: &Epoch, _: &dyn Task<f32>) -> nn::Result<ControlFlow<()>> {
            panic!("epoch {} was completed", epoch.number)
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("training");
    let train = data(1);
    let mut task = Fit::new(network(), &train, None, loss);
    let flag = StopFlag::default();
    let mut trainer = trainer(4)
        .with(RaiseAt(3, flag.clone()))
        .with(flag)
        .with_checkpoints(&path, Duration::from_secs(3600));
    trainer.run(&mut task).unwrap();
    let position = &Checkpoint::<f32>::read(&path).unwrap().metadata["position"];
    assert!(position.contains("\"steps\":3"), "{position}");
}

#[test]
fn tensorboard_files_hold_every_scalar() {
    let folder = tempfile::tempdir().unwrap();
    let (train, test) = (data(1), data(2));
    let mut task = Fit::new(network(), &train, Some(&test), loss);
    trainer(2).with(TensorBoard::create(folder.path()).unwrap()).run(&mut task).unwrap();
    let file = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
    let bytes = fs::read(file).unwrap();
    let count = |tag: &str| bytes.windows(tag.len()).filter(|window| *window == tag.as_bytes()).count();
    assert_eq!(
        [count("batch/loss"), count("train/loss"), count("validation/loss"), count("learning rate")],
        [10, 2, 2, 2]
    );
    // NN_TENSORBOARD keeps the file, to look at it in TensorBoard itself.
    if let Some(keep) = env::var_os("NN_TENSORBOARD") {
        fs::create_dir_all(&keep).unwrap();
        fs::write(PathBuf::from(keep).join("events.out.tfevents.0000000001.test"), bytes).unwrap();
    }
}

/// What the child process of the next test does: it writes checkpoints 1, 2, 3 … and says so.
#[test]
fn child_that_is_killed() {
    let Some(path) = env::var_os("NN_CHILD") else { return };
    for number in 1.. {
        let mut checkpoint = Checkpoint::<f32>::default();
        checkpoint.insert("", &vec![Tensor::full([300, 300], f64::from(number)); 3]);
        checkpoint.metadata.insert("number".into(), number.to_string());
        checkpoint.write(Path::new(&path)).unwrap();
        fs::write(PathBuf::from(&path).with_extension("done"), number.to_string()).unwrap();
    }
}

#[test]
fn a_checkpoint_is_whole_whenever_its_writer_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    // NN_KILLS = 200 for the long run.
    let kills: u64 = env::var("NN_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(20);
    let mut written = 0;
    for kill in 0..kills {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "training::child_that_is_killed"])
            .env("NN_CHILD", &path)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let moment: f64 = rand::RngExt::random(&mut generator(kill, Purpose::Split, 0, 0));
        thread::sleep(Duration::from_secs_f64(0.01 + 0.05 * moment));
        child.kill().unwrap(); // SIGKILL on Unix
        child.wait().unwrap();
        if !path.exists() {
            continue;
        }
        let checkpoint = Checkpoint::<f32>::read(&path).unwrap();
        let number: f64 = checkpoint.metadata["number"].parse().unwrap();
        assert!(checkpoint.tensors.values().all(|tensor| *tensor == Tensor::full([300, 300], number)));
        let done = fs::read_to_string(path.with_extension("done")).unwrap_or_default();
        // The file that says so is not atomic itself, so it may be empty.
        let done: f64 = done.parse().unwrap_or(0.0);
        assert!(number >= done, "checkpoint {done} was completed, but {number} is there");
        written += 1;
        fs::remove_file(&path).unwrap();
        let _ = fs::remove_file(path.with_extension("done"));
    }
    assert!(written > kills / 2, "only {written} of {kills} children wrote anything");
}

#[test]
fn training_from_disk_gives_the_bytes_of_training_from_memory() {
    let (train, test) = (data(1), data(2));
    let on_disk = |data: &Dataset| {
        let rows = (0..data.len()).map(|i| Ok((data.row(i), data.labels_of(&[i]).map(|labels| labels[0]))));
        OnDisk::collect(data.width(), rows).unwrap()
    };
    let mut from_memory = Fit::new(network(), &train, Some(&test), loss);
    let (train_on_disk, test_on_disk) = (on_disk(&train), on_disk(&test));
    let mut from_disk = Fit::new(network(), &train_on_disk, Some(&test_on_disk), loss);
    let [mut one, mut other] = [(); 2].map(|()| trainer(3));
    one.run(&mut from_memory).unwrap();
    other.run(&mut from_disk).unwrap();
    let losses = |trainer: &Trainer<f32>| {
        trainer.epochs().iter().map(|epoch| epoch.judged().total()).collect::<Vec<_>>()
    };
    assert_eq!(losses(&one), losses(&other));
}
