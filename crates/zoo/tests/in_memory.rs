//! Data and runs in memory are what files and folders with the same content are.

use std::fs;

use autograd::Tensor;
use nn::data::npy;
use zoo::config::{Draft, Setup};
use zoo::data::{Classes, Impute, Input, Memory, Reading};
use zoo::evaluate;
use zoo::run::{IN_MEMORY, Run};
use zoo::train::{train_part, trainer};
use zoo::uses::anomaly::Score;

/// A table of several kinds of columns with gaps.
fn mixed() -> String {
    let row = |i: usize| {
        let age = if i.is_multiple_of(7) { String::new() } else { (20 + i * 13 % 50).to_string() };
        format!("{age},{},{:.2}\n", ["red", "green", "blue"][i % 3], (i as f64 / 5.0).sin())
    };
    String::from("age,colour,height\n") + &(0..60).map(row).collect::<String>()
}

fn draft(model: &str) -> Draft {
    let mut draft = Draft { model: Some(model.into()), ..Draft::default() };
    for set in ["train.epochs=3", "train.batch=16", "code=2"] {
        draft.set(set).unwrap();
    }
    draft
}

fn trained(setup: Setup) -> Run {
    let mut model = setup.build().unwrap();
    let mut trainer = trainer(&setup.config.train);
    setup.lesson(&mut *model, &train_part, |lesson| trainer.run(lesson)).unwrap();
    Run::of(setup, model, trainer.epochs().to_vec(), 1.0).unwrap()
}

/// The codes of this input by a run.
fn codes(run: &Run, input: &Input) -> Vec<f32> {
    let rows = run.preparation.read_from(input, &Reading::default()).unwrap();
    evaluate::codes(&*run.model, &rows.data).to_vec()
}

#[test]
fn a_training_in_memory_gives_the_bytes_of_one_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let x = Tensor::from_fn([50, 4], |i| ((i * i % 37) as f32 / 9.0).sin());
    let pictures = Tensor::from_fn([30, 5, 5], |i| (i * 31 % 256) as f32);
    fs::write(path("mixed.csv"), mixed()).unwrap();
    fs::write(path("x.npy"), npy::bytes(&x)).unwrap();
    fs::write(path("double.npy"), npy::bytes(&x.cast::<f64>())).unwrap();
    fs::write(path("pictures.npy"), npy::bytes(&pictures)).unwrap();
    for (name, model, memory) in [
        ("mixed.csv", "vae", Memory::Table(mixed().into_bytes())),
        ("x.npy", "ae", Memory::Single(x.clone(), None)),
        ("double.npy", "pca", Memory::Double(x.cast(), None)),
        ("pictures.npy", "ae", Memory::Single(pictures.clone(), None)),
    ] {
        let file = path(name).display().to_string();
        let (from_file, input) = (Input::open(&file).unwrap(), Input::memory(IN_MEMORY, memory));
        let of_file = trained(Draft { data: Some(file), ..draft(model) }.complete().unwrap());
        let in_memory = trained(draft(model).complete_from(&input).unwrap());
        assert_eq!(in_memory.preparation, of_file.preparation, "{name}");
        let wanted = codes(&of_file, &from_file);
        assert!(wanted.iter().any(|z| *z != wanted[0]));
        assert_eq!(codes(&in_memory, &input), wanted, "{name}");
        assert_eq!(codes(&of_file, &input), wanted, "{name}");
    }
}

#[test]
fn a_run_in_memory_is_saved_as_a_folder_that_opens() {
    let input = Input::memory(IN_MEMORY, Memory::Table(mixed().into_bytes()));
    let run = trained(draft("vae").complete_from(&input).unwrap());
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    run.save(&first).unwrap();
    let again = Run::open(&first).unwrap();
    assert_eq!(codes(&again, &input), codes(&run, &input));
    assert_eq!((again.epochs.len(), again.seconds), (3, 1.0));
    let rows = run.preparation.read_from(&input, &Reading::default()).unwrap().data;
    for score in Score::ALL {
        let scores = |run: &Run| run.detector(score, &rows).unwrap().0.scores(&rows).unwrap();
        assert_eq!(scores(&again), scores(&run), "{score:?}");
    }
    let codes_kept = |run: &Run| run.reference().unwrap().codes;
    assert_eq!(codes_kept(&again), codes_kept(&run));
    let problem = again.save(&second).unwrap_err().to_string();
    assert!(problem.contains("has a folder already") && !second.exists(), "{problem}");
    // Whatever was read before, the folder may go.
    let again = again.in_memory().unwrap();
    let of_first = |name: &str| fs::read(first.join(name)).unwrap();
    again.save(&second).unwrap();
    for name in fs::read_dir(&second).unwrap().map(|entry| entry.unwrap().file_name()) {
        assert_eq!(fs::read(second.join(&name)).unwrap(), of_first(name.to_str().unwrap()), "{name:?}");
    }
    let problem = again.save(&second).unwrap_err().to_string();
    assert!(problem.contains("already holds something"), "{problem}");
    let problem = again.data().unwrap_err().to_string();
    assert!(problem.contains("in the memory of the program that trained it"), "{problem}");
}

#[test]
fn gaps_and_strangers_in_a_table_in_memory_are_what_they_are_in_a_file() {
    // Two numbers that a look at the column alone would take for words.
    let table = |gap: &str| {
        let rows: String = (0..30).map(|i| format!("{},{}\n", 1 + i % 2, i * 7 % 11)).collect();
        Memory::Table(format!("a,b\n{rows}{gap}").into_bytes())
    };
    let run = trained(draft("pca").complete_from(&Input::memory(IN_MEMORY, table(""))).unwrap());
    let read = |text: &str| {
        run.preparation.read_from(&Input::memory("new", Memory::Table(text.into())), &Reading::default())
    };
    let whole = read("a,b\n2,5\n1,6\n").unwrap().data;
    let gaps = read("b,a\n5,2\n,1\n").unwrap();
    assert_eq!(gaps.data.rows(&[0]), whole.rows(&[0]), "columns are found by their names");
    assert_eq!(gaps.gaps, [[1, 1]]);
    let refusing = Reading { impute: Impute::Refuse, ..Reading::default() };
    let gap = Input::memory("new", Memory::Table("a,b\n2,\n".into()));
    let problem = run.preparation.read_from(&gap, &refusing).unwrap_err().to_string();
    assert!(problem.contains("column `b`: the value is missing"), "{problem}");
    let problem = read("a,b\n2,x\n").unwrap_err().to_string();
    assert!(problem.starts_with("new: line 2, column `b`: "), "{problem}");
    assert!(read("a\n2\n").unwrap_err().to_string().contains("there is no column `b`"));
}

#[test]
fn classes_in_memory_are_those_of_the_examples() {
    let x = Tensor::from_fn([40, 3], |i| (i * 17 % 23) as f32);
    let classes = |count: usize| {
        Some(Classes {
            labels: (0..count as u32).map(|i| i % 2).collect(),
            names: vec!["no".into(), "yes".into()],
        })
    };
    let input = |count| Input::memory(IN_MEMORY, Memory::Single(x.clone(), classes(count)));
    let setup = draft("cvae").complete_from(&input(40)).unwrap();
    assert_eq!((setup.preparation.classes, &setup.preparation.class_names[1][..]), (2, "yes"));
    let problem = draft("cvae").complete_from(&input(39)).err().unwrap().to_string();
    assert_eq!(problem, "<memory>: there are 39 classes for 40 examples");
}
