//! What a run came to, in numbers: the table on the terminal and the lines of `metrics.jsonl`.

use std::path::Path;

use nn::losses::Unit;
use nn::{Error, Result};
use serde_json::{Map, Value, json};
use zoo::config::Config;
use zoo::models::codebook::Usage;
use zoo::tendency::Tendency;
use zoo::train::Terms;
use zoo::uses::columns::ColumnError;

use super::terminal;

/// The result on the test examples.
pub(crate) struct Summary {
    pub(crate) model: String,
    pub(crate) data: String,
    /// Name of an example, as in the unit of its error: `img`, `row` or `sequence`.
    pub(crate) example: &'static str,
    /// Numbers in an example.
    pub(crate) features: usize,
    pub(crate) examples: [usize; 2],
    pub(crate) code: usize,
    pub(crate) epochs: usize,
    pub(crate) interrupted: bool,
    pub(crate) seconds: f64,
    /// SSE of the model, of PCA with the same code if it is known, and of the mean image or row.
    pub(crate) sse: f64,
    pub(crate) pca: Option<f64>,
    pub(crate) mean: f64,
    /// Where the training was heading when it ended.
    pub(crate) tendency: Option<Tendency>,
    /// The errors in the columns of a table of several kinds.
    pub(crate) columns: Vec<ColumnError>,
    /// The test loss, where the model has one of its own.
    pub(crate) loss: Option<Terms>,
    /// How often the test examples choose each vector of a codebook, if the model has one.
    pub(crate) usage: Option<Usage>,
    /// Whether the loss is a bound on the likelihood of pixels that have 256 levels.
    pub(crate) in_levels: bool,
}

impl Summary {
    /// Refuses a result that is no number, before it is printed or kept.
    ///
    /// # Errors
    /// With a sentence that names what is infinite or NaN.
    pub(crate) fn check(&self) -> Result<()> {
        let loss = self.loss.iter().flat_map(|loss| &loss.values).map(|(name, value)| (&**name, *value));
        let errors = [("squared error", Some(self.sse)), ("squared error of PCA", self.pca)];
        let errors = errors.into_iter().filter_map(|(name, value)| Some((name, value?)));
        let mean = [("squared error of the mean", self.mean)];
        match errors.chain(mean).chain(loss).find(|(_, value)| !value.is_finite()) {
            None => Ok(()),
            Some((name, value)) => Err(Error::data(format!(
                "on the test examples the {name} is {value}, no finite number: they or the parameters are too large for \
                 single precision; scale the data, as with `zoo train --scale standard`, or lower the learning rate"
            ))),
        }
    }

    /// The table that ends a run.
    pub(crate) fn table(&self) -> String {
        let Summary { model, data, examples: [train, test], code, features, .. } = self;
        let one = if self.example == "img" { "image" } else { self.example };
        let (many, unit) = (format!("{one}s"), self.unit());
        let mut text = format!("{model} on {data} ({train} training and {test} test {many})");
        if self.epochs > 0 || self.interrupted {
            let how = if self.interrupted { "stopped after" } else { "trained for" };
            let epochs = if self.epochs == 1 { "epoch" } else { "epochs" };
            // A line of its own: together they are too long for 80 columns.
            let digits = if self.seconds < 0.1 { 2 } else { 1 };
            text += &format!("\n{how} {} {epochs} in {:.digits$} s", self.epochs, self.seconds);
        }
        let name = format!("{model}, code {code}");
        let mut rows = vec![(name, self.sse)];
        if let Some(pca) = self.pca.filter(|_| model != "pca" && self.has_bottleneck()) {
            rows.push((format!("PCA, code {code}"), pca));
        }
        rows.push((format!("mean {one}"), self.mean));
        let width = rows.iter().map(|row| row.0.chars().count()).max().unwrap_or(0);
        text += &format!("\n\n  {:width$}  {unit:>12}  {:>8}\n", format!("test {many}"), "R²");
        for (name, sse) in &rows {
            // Data that do not vary leave nothing to explain.
            let explained = match self.mean > 0.0 {
                true if *sse > 100.0 * self.mean => "< −9900 %".to_owned(),
                true => format!("{:.2} %", 100.0 * (1.0 - sse / self.mean)),
                false => "–".to_owned(),
            };
            let sse = if *sse < 1e6 { format!("{sse:.4}") } else { format!("{sse:.4e}") };
            text += &format!("  {name:width$}  {sse:>12}  {explained:>8}\n");
        }
        if !self.has_bottleneck() {
            let about = format!(
                "No bottleneck: a code of {code} numbers has room for all {features} of an example, and PCA would copy \
                 them. A small error alone is no merit here."
            );
            text += &format!("\n{}", terminal::wrapped(&about, 2, 80));
        }
        if self.epochs > 0 && self.sse > self.mean {
            text += &format!(
                "\n  Not yet better than the mean {one}: more epochs (--epochs) or another learning rate (--lr) may \
                 help.\n"
            );
        } else if let Some(tendency) = self.tendency.filter(|_| !self.interrupted) {
            text += &format!("\n{}", terminal::wrapped(&tendency.to_string(), 2, 80));
        }
        if let Some(loss) = self.loss.as_ref().filter(|loss| loss.values.len() > 1) {
            let terms = loss.values.iter().map(|(name, value)| format!("{name} {value:.3}"));
            let terms = terms.collect::<Vec<_>>().join(" + ");
            let unit = loss.unit.per(self.example);
            text += &format!("\n  test loss {:.3} {unit} = {terms}\n", loss.total());
        }
        if let Some(bits) = self.bits() {
            text += &format!("  {bits:.3} bits per dimension\n");
        }
        if let Some(usage) = &self.usage {
            let (used, all) = (usage.used(), usage.0.len());
            text += &format!(
                "\n  codebook: test {many} use {used} of {all} vectors ({:.1} %), perplexity {:.1}\n",
                100.0 * used as f64 / all as f64,
                usage.perplexity()
            );
        }
        text + &self.by_column()
    }

    /// The test loss in bits for each number of an example, where it bounds the likelihood of pixels in 256 levels: what a
    /// code for such pixels needs. 8 bits are what they have as they are.
    fn bits(&self) -> Option<f64> {
        let loss = self.loss.as_ref().filter(|loss| self.in_levels && loss.values.len() > 1)?;
        Some(loss.total() / (self.features as f64 * std::f64::consts::LN_2))
    }

    /// A line for each column of a table.
    fn by_column(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| terminal::one_line(&column.name)).collect();
        let width = names.iter().map(|name| terminal::width(name)).max().unwrap_or(0).max(8);
        let mut text = String::new();
        for (column, name) in self.columns.iter().zip(&names) {
            if text.is_empty() {
                text = format!(
                    "\n  {:width$}  {:8}  {:>12}  {:>12}\n",
                    "column", "error", "model", "mean, mode"
                );
            }
            let how = if column.is_share() { "wrong" } else { "RMSE" };
            let [model, usual] = [column.error, column.baseline].map(|error| match column.is_share() {
                true => format!("{:.1} %", 100.0 * error),
                false if error >= 1e6 || error > 0.0 && error < 1e-3 => format!("{error:.3e}"),
                false => format!("{error:.4}"),
            });
            text += &format!("  {}  {how:8}  {model:>12}  {usual:>12}\n", terminal::filled(name, width));
        }
        text
    }

    /// The unit of the errors.
    pub(crate) fn unit(&self) -> String {
        Unit::SquaredError.per(self.example)
    }

    /// Whether the code is smaller than what goes through it. If not, PCA with such a code copies everything.
    fn has_bottleneck(&self) -> bool {
        self.code < self.features
    }

    /// The errors on the test examples.
    pub(crate) fn errors(&self) -> Map<String, Value> {
        let mut errors = json!({
            "unit": self.unit(),
            "sse": self.sse,
            "pca_sse": self.pca.filter(|_| self.has_bottleneck()),
            "mean_sse": self.mean,
            "r2": (self.mean > 0.0).then(|| 1.0 - self.sse / self.mean),
            "loss": self.loss.as_ref().map(|loss| terms(loss, self.example)),
            "bits_per_dimension": self.bits(),
            "codebook": self.usage.as_ref().map(|usage| json!({
                "vectors": usage.0.len(), "used": usage.used(), "perplexity": usage.perplexity(),
            })),
        });
        if !self.columns.is_empty() {
            errors["columns"] = json!(self.columns);
        }
        if let Value::Object(errors) = errors { errors } else { unreachable!("it is an object") }
    }

    /// The last line of the metrics.
    pub(crate) fn json(&self) -> Value {
        json!({
            "test": self.errors(),
            "epochs": self.epochs,
            "interrupted": self.interrupted,
            "seconds": self.seconds,
        })
    }

    /// All of it, for programs.
    pub(crate) fn whole(&self, folder: &Path) -> Value {
        let [train, test] = self.examples;
        let mut value = json!({
            "run": folder,
            "model": self.model,
            "data": self.data,
            "training_examples": train,
            "test_examples": test,
            "features": self.features,
            "code": self.code,
            "epochs": self.epochs,
            "interrupted": self.interrupted,
            "seconds": self.seconds,
            "tendency": self.tendency.map(|tendency| tendency.to_string()),
        });
        value.as_object_mut().expect("it is an object").extend(self.errors());
        value
    }
}

/// Whether the likelihood of a run is that of pixels in 256 levels.
pub(crate) fn in_levels(config: &Config) -> bool {
    config.setting("likelihood").and_then(toml::Value::as_str) == Some("discretized_logistic")
}

/// A loss, term by term.
pub(crate) fn terms(terms: &Terms, example: &str) -> Value {
    let mut map = Map::new();
    map.insert("unit".into(), terms.unit.per(example).into());
    map.insert("total".into(), terms.total().into());
    map.extend(terms.values.iter().map(|(name, value)| (name.to_string(), (*value).into())));
    Value::Object(map)
}
