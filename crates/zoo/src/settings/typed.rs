//! Settings read from a table, with an error that says what was found and what was wanted, each on its own.
//!
//! The errors of the `toml` crate are sentences; whoever wants to say the same in other words, or to know which words a
//! setting may be, would have to take them apart.

use std::fmt;

use nn::checkpoint::nearest;
use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error, Expected, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use toml::{Table, Value};

/// The reason why a table is no value of a type.
#[derive(Debug, PartialEq)]
pub(crate) enum Misfit {
    /// A value of one kind where another is wanted.
    Kind { found: String, wanted: String },
    /// A word that is none of those that are known.
    Word { word: String, known: &'static [&'static str] },
    /// Anything else: a sentence.
    Other(String),
}

/// Reads a value of any type from a table.
pub(crate) fn read<S: DeserializeOwned>(table: &Table) -> Result<S, Misfit> {
    S::deserialize(Reader(Value::Table(table.clone())))
}

/// The words that the setting `key` of a table may be, if it is one of a few.
pub(crate) fn words<S: DeserializeOwned>(table: &Table, key: &str) -> &'static [&'static str] {
    match read::<S>(&with(table, key, "?")) {
        Err(Misfit::Word { known, .. }) => known,
        _ => &[],
    }
}

/// The table with another word for one of its settings.
pub(crate) fn with(table: &Table, key: &str, word: &str) -> Table {
    let mut table = table.clone();
    table.insert(key.to_owned(), word.into());
    table
}

impl Misfit {
    fn kind(found: Unexpected, wanted: &dyn Expected) -> Self {
        let found = match found {
            Unexpected::Str(text) => format!("the text {text:?}"),
            Unexpected::Signed(number) => format!("`{number}`"),
            Unexpected::Unsigned(number) => format!("`{number}`"),
            // A whole number keeps its point.
            Unexpected::Float(number) => format!("`{number:?}`"),
            other => other.to_string(),
        };
        let wanted = match wanted.to_string().as_str() {
            "usize" | "u64" => "a whole number from 0 up".into(),
            "f64" => "a number".into(),
            "a sequence" => "a list, as in [64, 32]".into(),
            other => other.to_owned(),
        };
        Misfit::Kind { found, wanted }
    }
}

impl Error for Misfit {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Misfit::Other(text.to_string())
    }

    fn invalid_type(found: Unexpected, wanted: &dyn Expected) -> Self {
        Misfit::kind(found, wanted)
    }

    fn invalid_value(found: Unexpected, wanted: &dyn Expected) -> Self {
        Misfit::kind(found, wanted)
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Misfit::Word { word: word.to_owned(), known }
    }
}

impl std::error::Error for Misfit {}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misfit::Kind { found, wanted } => write!(f, "it is {found}, expected {wanted}"),
            Misfit::Word { word, known } => {
                let near = nearest(word, known.iter().copied());
                let known: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
                let expected = match &known[..] {
                    [only] => only.clone(),
                    [one, other] => format!("{one} or {other}"),
                    all => format!("one of {}", all.join(", ")),
                };
                write!(f, "it is `{word}`, expected {expected}")?;
                near.map_or(Ok(()), |near| write!(f, "; did you mean `{near}`?"))
            }
            Misfit::Other(text) => f.write_str(text),
        }
    }
}

/// A value of TOML, for any type to be read from.
struct Reader(Value);

impl IntoDeserializer<'_, Misfit> for Reader {
    type Deserializer = Reader;

    fn into_deserializer(self) -> Reader {
        self
    }
}

fn entries(table: Table) -> impl Iterator<Item = (String, Reader)> {
    table.into_iter().map(|(key, value)| (key, Reader(value)))
}

impl<'de> Deserializer<'de> for Reader {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Boolean(value) => visitor.visit_bool(value),
            Value::Integer(value) => visitor.visit_i64(value),
            Value::Float(value) => visitor.visit_f64(value),
            Value::String(value) => visitor.visit_string(value),
            Value::Datetime(value) => visitor.visit_string(value.to_string()),
            Value::Array(values) => {
                let mut values = SeqDeserializer::<_, Misfit>::new(values.into_iter().map(Reader));
                let read = visitor.visit_seq(&mut values)?;
                values.end()?;
                Ok(read)
            }
            Value::Table(table) => {
                let mut table: MapDeserializer<'_, _, Misfit> = MapDeserializer::new(entries(table));
                let read = visitor.visit_map(&mut table)?;
                table.end()?;
                Ok(read)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    /// A word, or a table of a word and what belongs to it.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::String(word) => visitor.visit_enum(word.into_deserializer()),
            Value::Table(table) if table.len() == 1 => {
                visitor.visit_enum(MapAccessDeserializer::new(MapDeserializer::new(entries(table))))
            }
            Value::Table(table) => {
                let found = table.len();
                Err(Misfit::Other(format!("wanted exactly 1 element, found {found} elements")))
            }
            _ => Err(Misfit::invalid_type(Unexpected::UnitVariant, &"string only")),
        }
    }

    /// Nothing: what belongs to a word that says all, as in `first = []`.
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Array(values) if values.is_empty() => visitor.visit_unit(),
            Value::Table(table) if table.is_empty() => visitor.visit_unit(),
            other => Reader(other).deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use nn::Activation;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        size: usize,
        weight: f64,
        list: Vec<usize>,
        activation: Activation,
        order: Order,
        limit: Option<f64>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Order {
        First,
        Steps { every: usize },
        Pair(usize, f64),
        Alone(f64),
    }

    const GOOD: &str = "size = 3\nweight = 4\nlist = [1, 2]\nactivation = \"relu\"\norder = \"first\"\n";

    fn of(text: &str) -> Result<Example, Misfit> {
        let mut table: Table = GOOD.parse().unwrap();
        table.extend(text.parse::<Table>().unwrap());
        read(&table)
    }

    #[test]
    fn what_toml_reads_is_read() {
        for text in [
            "",
            "limit = 2",
            "order = { steps = { every = 3 } }",
            "order = { pair = [1, 2.5] }",
            "order = { alone = 1 }",
            "order = { first = [] }",
            "weight = 1e-3\nlist = []",
        ] {
            let mut table: Table = GOOD.parse().unwrap();
            table.extend(text.parse::<Table>().unwrap());
            let theirs: Result<Example, toml::de::Error> = table.try_into();
            match (of(text), theirs) {
                (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{text}"),
                (ours, theirs) => assert!(ours.is_err() && theirs.is_err(), "{text}: {ours:?} {theirs:?}"),
            }
        }
    }

    #[test]
    fn a_misfit_says_what_was_found_and_what_was_wanted() {
        let says = |text: &str| of(text).unwrap_err().to_string();
        assert_eq!(says("size = \"many\""), "it is the text \"many\", expected a whole number from 0 up");
        assert_eq!(says("size = -3"), "it is `-3`, expected a whole number from 0 up");
        assert_eq!(says("size = 2.0"), "it is `2.0`, expected a whole number from 0 up");
        assert_eq!(says("weight = [1]"), "it is sequence, expected a number");
        assert_eq!(says("list = 3"), "it is `3`, expected a list, as in [64, 32]");
        assert!(says("activation = \"tanf\"").starts_with("it is `tanf`, expected one of `identity`, "));
        assert!(says("other = 1").starts_with("unknown field `other`, expected one of `size`"));
        let table: Table = GOOD.parse().unwrap();
        assert_eq!(words::<Example>(&table, "order"), ["first", "steps", "pair", "alone"]);
        assert!(words::<Example>(&table, "size").is_empty());
    }
}
