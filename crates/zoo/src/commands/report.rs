//! What a run came to, in numbers: the table on the terminal and the lines of `metrics.jsonl`.

use nn::train::MetricsFile;
use serde_json::{Map, Value, json};
use zoo::train::{Epoch, Terms};

/// The result on the test examples.
pub(crate) struct Summary {
    pub(crate) model: String,
    pub(crate) data: String,
    pub(crate) examples: [usize; 2],
    pub(crate) code: usize,
    pub(crate) epochs: usize,
    pub(crate) interrupted: bool,
    pub(crate) seconds: f64,
    /// SSE/img of the model, of PCA with the same code, and of the mean image.
    pub(crate) sse: f64,
    pub(crate) pca: f64,
    pub(crate) mean: f64,
    /// The test loss, where the model has one of its own.
    pub(crate) loss: Option<Terms>,
}

impl Summary {
    /// The table that ends a run.
    pub(crate) fn table(&self) -> String {
        let Summary { model, data, examples: [train, test], code, .. } = self;
        let mut text = format!("{model} on {data} ({train} training and {test} test images)");
        if self.epochs > 0 || self.interrupted {
            let how = if self.interrupted { "stopped after" } else { "trained for" };
            text += &format!(", {how} {} epochs in {:.1} s", self.epochs, self.seconds);
        }
        let name = format!("{model}, code {code}");
        let mut rows = vec![(name, self.sse)];
        if model != "pca" {
            rows.push((format!("PCA, code {code}"), self.pca));
        }
        rows.push(("mean image".to_owned(), self.mean));
        let width = rows.iter().map(|row| row.0.chars().count()).max().unwrap_or(0);
        text += &format!("\n\n  {:width$}  {:>12}  {:>8}\n", "test images", "SSE/img", "R²");
        for (name, sse) in &rows {
            let explained = 100.0 * (1.0 - sse / self.mean);
            text += &format!("  {name:width$}  {sse:>12.4}  {explained:>6.2} %\n");
        }
        if let Some(loss) = self.loss.as_ref().filter(|loss| loss.values.len() > 1) {
            let terms = loss.values.iter().map(|(name, value)| format!("{name} {value:.3}"));
            let terms = terms.collect::<Vec<_>>().join(" + ");
            text += &format!("\n  test loss {:.3} {} = {terms}\n", loss.total(), loss.unit);
        }
        text
    }

    fn json(&self) -> Value {
        json!({
            "test": {
                "sse_per_image": self.sse,
                "pca_sse_per_image": self.pca,
                "mean_image_sse": self.mean,
                "r2": 1.0 - self.sse / self.mean,
                "loss": self.loss.as_ref().map(terms),
            },
            "epochs": self.epochs,
            "interrupted": self.interrupted,
            "seconds": self.seconds,
        })
    }
}

/// One line for every epoch and one for the result.
pub(crate) fn metrics(epochs: &[Epoch], summary: &Summary) -> String {
    epochs.iter().map(MetricsFile::line).chain([format!("{}\n", summary.json())]).collect()
}

fn terms(terms: &Terms) -> Value {
    let mut map = Map::new();
    map.insert("unit".into(), terms.unit.to_string().into());
    map.insert("total".into(), terms.total().into());
    map.extend(terms.values.iter().map(|(name, value)| (name.to_string(), (*value).into())));
    Value::Object(map)
}
