//! A fitted model: a run of the zoo, in memory.

use std::path::{Path, PathBuf};
use std::{fs, io};

use autograd::Tensor;
use nn::{Error, Result};
use numpy::{PyArray1, PyArray2, PyArrayMethods, PyReadonlyArrayDyn};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use serde_json::json;
use zoo::data::{Input, Reading, Rows};
use zoo::evaluate;
use zoo::run::Run;
use zoo::uses::anomaly::{Detector, Score};
use zoo::uses::impute::{Options, impute};
use zoo::uses::sample;

use crate::data::{Data, tensor};
use crate::errors::raised;
use crate::threads::work;

/// A run, and the threads that work for it.
#[pyclass(frozen, module = "autoencoder_zoo._zoo")]
pub(crate) struct Fitted {
    run: Run,
    notes: Vec<String>,
    threads: Option<usize>,
}

/// Examples in the units of the data: an array of numbers, or the columns of a table of several kinds as text.
#[derive(IntoPyObject)]
enum Examples<'py> {
    Array(Bound<'py, PyArray2<f64>>),
    Table(Vec<Column>),
}

/// A column of a table: its name, and its cells as text.
type Column = (String, Vec<String>);

/// Files of a run folder: name and content of each.
type Files = Vec<(String, Vec<u8>)>;

/// Content of a pickle: the files, and the number of threads.
type Pickled = (Files, Option<usize>);

/// An array with the sentences about the data.
type Noted<'py, T> = (Bound<'py, T>, Vec<String>);

impl Fitted {
    pub(crate) fn new(run: Run, notes: Vec<String>, threads: Option<usize>) -> Self {
        Fitted { run, notes, threads }
    }

    /// Rows, prepared as those of training were.
    fn rows(&self, input: &Input) -> Result<Rows> {
        self.run.preparation.read_from(input, &Reading::default())
    }

    /// Calls `f` with prepared rows.
    fn with_rows<R: Send>(
        &self,
        py: Python<'_>,
        data: Data<'_>,
        f: impl FnOnce(Rows) -> Result<R> + Send,
    ) -> PyResult<R> {
        let input = data.input(None);
        work(py, self.threads, || f(self.rows(&input)?))
    }

    /// Examples `[rows, features]`, as the model sees them, in the units of the data.
    fn restored<'py>(&self, py: Python<'py>, x: Tensor<f32>) -> PyResult<Examples<'py>> {
        if self.run.preparation.has_kinds() {
            return work(py, self.threads, || Ok(self.run.preparation.table(&x))).map(Examples::Table);
        }
        let values = work(py, self.threads, || Ok(self.run.preparation.restore_units(&x)))?;
        matrix(py, &values).map(Examples::Array)
    }
}

#[pymethods]
impl Fitted {
    /// Codes of examples, `[rows, code]`, and notes.
    fn transform<'py>(&self, py: Python<'py>, data: Data<'py>) -> PyResult<Noted<'py, PyArray2<f32>>> {
        let (codes, notes) =
            self.with_rows(py, data, |rows| Ok((evaluate::codes(&*self.run.model, &rows.data), rows.notes)))?;
        Ok((matrix(py, &codes)?, notes))
    }

    /// Examples from codes.
    fn decode<'py>(&self, py: Python<'py>, codes: PyReadonlyArrayDyn<'py, f32>) -> PyResult<Examples<'py>> {
        let z = tensor(&codes, |z| z);
        let [rows, width] = z.shape()[..] else {
            return Err(PyValueError::new_err("codes are an array [rows, code]"));
        };
        let code = self.run.code();
        if width != code || rows == 0 {
            let problem = format!(
                "the codes have shape [{rows}, {width}], but a code of this model has {code} numbers"
            );
            return Err(PyValueError::new_err(problem));
        }
        let x = work(py, self.threads, || Ok(evaluate::in_batches(&z, |z| self.run.model.decode(z))))?;
        self.restored(py, x)
    }

    /// Scores of anomalies, as `zoo score` gives them, and notes.
    fn scores<'py>(
        &self,
        py: Python<'py>,
        data: Data<'py>,
        score: &str,
    ) -> PyResult<Noted<'py, PyArray1<f64>>> {
        let score = self.score(score)?;
        let (scores, notes) = self.with_rows(py, data, |rows| {
            let (detector, note) = self.run.detector(score, &rows.data)?;
            Ok((detector.scores(&rows.data)?, rows.notes.into_iter().chain(note).collect()))
        })?;
        Ok((PyArray1::from_vec(py, scores), notes))
    }

    /// The score that an ordinary example exceeds with this probability; where there are too few ordinary ones to say, their
    /// largest.
    fn threshold(&self, py: Python<'_>, score: &str, contamination: f64) -> PyResult<f64> {
        let score = self.score(score)?;
        work(py, self.threads, || {
            let ordinary = self.run.examples(0)?.0.data;
            let detector: Detector = self.run.detector(score, &ordinary)?.0;
            let least = 1.000_000_1 / (ordinary.len() as f64 + 1.0);
            detector.threshold(contamination).or_else(|_| detector.threshold(least.max(contamination)))
        })
    }

    /// Squared errors `‖x − x̂‖²` of examples as the model sees them.
    fn errors<'py>(&self, py: Python<'py>, data: Data<'py>) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let errors =
            self.with_rows(py, data, |rows| Ok(evaluate::squared_errors(&*self.run.model, &rows.data)))?;
        Ok(PyArray1::from_vec(py, errors))
    }

    /// New examples, the class of each if the model has classes, and how they were made.
    #[pyo3(signature = (count, seed, mixture=None, class_name=None, draw=None))]
    fn sample<'py>(
        &self,
        py: Python<'py>,
        count: usize,
        seed: u64,
        mixture: Option<usize>,
        class_name: Option<&str>,
        draw: Option<bool>,
    ) -> PyResult<(Examples<'py>, Option<Column>, &'static str)> {
        let options = sample::Options { count, seed, mixture, class: class_name, draw };
        let new = work(py, self.threads, || sample::sample(&self.run, &options))?;
        let classes = new.classes.map(|classes| sample::of_classes(&self.run, &classes));
        Ok((self.restored(py, new.x)?, classes, new.how))
    }

    /// Examples in the units of the data with their gaps filled, as `zoo impute` fills them, and notes: means of what is missing, or
    /// the draw with this number, counted from 0.
    #[pyo3(signature = (data, samples, seed, draw=None))]
    fn impute<'py>(
        &self,
        py: Python<'py>,
        data: Data<'py>,
        samples: usize,
        seed: u64,
        draw: Option<usize>,
    ) -> PyResult<(Examples<'py>, Vec<String>)> {
        let draws = draw.map_or(0, |number| number + 1);
        let (run, preparation) = (&self.run, &self.run.preparation);
        let (x, notes) = self.with_rows(py, data, |rows| {
            let mut found = impute(&*run.model, &rows.data, &Options { samples, draws, seed });
            if found.draws.len() < draws {
                return Err(Error::unsupported(format!(
                    "`{}` is no distribution to draw what is missing from; take `vae`, or leave draw out",
                    run.entry.name
                )));
            }
            Ok((found.draws.pop().unwrap_or(found.mean), rows.notes))
        })?;
        if preparation.has_kinds() {
            let table = work(py, self.threads, || Ok(preparation.learnt_table(&x)))?;
            return Ok((Examples::Table(table), notes));
        }
        Ok((self.restored(py, x)?, notes))
    }

    /// Facts about the run, as JSON.
    fn about(&self) -> String {
        let Run { config, entry, preparation, epochs, seconds, .. } = &self.run;
        let epochs = epochs.iter().map(|epoch| {
            json!({
                "epoch": epoch.number,
                "learning_rate": epoch.rate,
                "seconds": epoch.seconds,
                "loss": epoch.train.total(),
                "test_loss": epoch.validation.as_ref().map(nn::train::Terms::total),
            })
        });
        let kinds = preparation.column_lines().into_iter().map(|[name, kind, _]| (name, kind));
        json!({
            "model": entry.name,
            "config": config,
            "code": self.run.code(),
            "features": preparation.features,
            "columns": preparation.columns,
            "kinds": kinds.collect::<Vec<_>>(),
            "shape": preparation.shape(),
            "score": self.run.usual_score(),
            "epochs": epochs.collect::<Vec<_>>(),
            "seconds": seconds,
            "notes": self.notes,
        })
        .to_string()
    }

    /// Writes a run folder, which `zoo` opens.
    fn save(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        work(py, self.threads, || self.run.save(&folder))
    }

    /// Opens a run folder, of `zoo train` or of [`save`](Self::save).
    #[staticmethod]
    #[pyo3(signature = (folder, threads=None))]
    fn load(py: Python<'_>, folder: PathBuf, threads: Option<usize>) -> PyResult<Self> {
        let run = work(py, threads, || {
            let run = Run::open(&folder)?;
            if run.preparation.reading.choices.is_some() {
                let problem = "this run learnt who chose what; `zoo recommend` uses it";
                return Err(Error::file(&folder, problem));
            }
            run.in_memory()
        })?;
        Ok(Fitted { run, notes: vec![], threads })
    }

    /// The files of the run folder, for pickling.
    fn files(&self, py: Python<'_>) -> PyResult<Files> {
        work(py, self.threads, || {
            let folder = tempfile::tempdir().map_err(in_temporary)?;
            self.run.save(folder.path())?;
            let entries = fs::read_dir(folder.path()).and_then(Iterator::collect::<io::Result<Vec<_>>>);
            let mut files = entries
                .and_then(|entries| {
                    let file = |entry: &fs::DirEntry| {
                        Ok((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?))
                    };
                    entries.iter().map(file).collect::<io::Result<Vec<_>>>()
                })
                .map_err(in_temporary)?;
            files.sort();
            Ok(files)
        })
    }

    /// A run from these files.
    #[staticmethod]
    #[pyo3(signature = (files, threads=None))]
    fn of_files(py: Python<'_>, files: Files, threads: Option<usize>) -> PyResult<Self> {
        let folder = tempfile::tempdir().map_err(in_temporary).map_err(raised)?;
        let written = files.iter().try_for_each(|(name, content)| {
            // A name is one in the folder, and leads nowhere else.
            let name = Path::new(name).file_name().unwrap_or_default();
            fs::write(folder.path().join(name), content)
        });
        written.map_err(in_temporary).map_err(raised)?;
        Fitted::load(py, folder.path().to_owned(), threads)
    }

    /// Pickling: the files, and how a run is made of them.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<(Bound<'py, PyAny>, Pickled)> {
        let fitted = slf.get();
        Ok((slf.get_type().getattr("of_files")?, (fitted.files(slf.py())?, fitted.threads)))
    }
}

impl Fitted {
    fn score(&self, name: &str) -> PyResult<Score> {
        if name == "auto" {
            return Ok(self.run.usual_score());
        }
        serde_json::from_value(json!(name)).map_err(|_| {
            let known = Score::ALL.map(|score| json!(score).to_string().replace('"', "`")).join(", ");
            PyValueError::new_err(format!("there is no score `{name}`; the scores are {known}"))
        })
    }
}

/// The error of a system that refuses something in its folder of temporary files.
fn in_temporary(error: io::Error) -> Error {
    Error::io("write", &std::env::temp_dir(), error)
}

/// A tensor `[rows, columns]` as an array.
fn matrix<'py, T: autograd::Real + numpy::Element>(
    py: Python<'py>,
    x: &Tensor<T>,
) -> PyResult<Bound<'py, PyArray2<T>>> {
    let shape = [x.shape()[0], x.shape()[1]];
    PyArray1::from_vec(py, x.to_vec()).reshape(shape)
}
