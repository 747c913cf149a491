//! A preparation for texts: characters and length are learnt on what is for training.

use std::collections::HashMap;
use std::path::Path;

use autograd::Tensor;
use nn::data::schema::{Block, Kind, Schema, Shape};
use nn::data::split::{Fractions, Split};
use nn::data::{Examples, MARKS, Tokens, UNKNOWN};
use nn::{Dataset, Error, Result};

use super::super::input::Input;
use super::super::preparation::{Prepared, SPLIT_SEED};
use super::super::stored::Stored;
use super::super::{Preparation, Reading, Rows, sample};
use super::lines::{Text, each_text, nothing};
use super::{Alphabet, LONGEST, Texts};

/// Numbers of texts that are at hand at once, 64 megabytes; of more there is a sample.
const AT_HAND: usize = 1 << 24;
/// Of a hundred training texts, as many are no longer than a model reads.
const READ_WHOLE: usize = 99;

/// Texts as they were read, each character with a token of its own.
struct Read {
    tokens: Tokens,
    /// The number of each, and how long it is.
    numbers: Vec<u32>,
    lengths: Vec<u32>,
    empty: usize,
    /// The character of each token behind the marks.
    characters: Vec<char>,
}

impl Read {
    fn of(input: &Input, reading: &Reading, texts: &Texts) -> Result<Self> {
        let longest = texts.length.unwrap_or(LONGEST);
        let mut read = Read {
            tokens: Tokens::new(longest),
            numbers: vec![],
            lengths: vec![],
            empty: 0,
            characters: vec![],
        };
        let (mut known, mut row) = (HashMap::new(), vec![]);
        each_text(input, reading, texts, &mut |Text { number, text, length }| {
            if length == 0 {
                read.empty += 1;
                return;
            }
            row.clear();
            match texts.bytes {
                true => row.extend(text.bytes().take(longest).map(|byte| MARKS as u16 + u16::from(byte))),
                false => row.extend(text.chars().take(longest).map(|character| {
                    let next = MARKS + read.characters.len();
                    // So many characters no language has.
                    if next > usize::from(u16::MAX) && !known.contains_key(&character) {
                        return UNKNOWN;
                    }
                    *known.entry(character).or_insert_with(|| {
                        read.characters.push(character);
                        next as u16
                    })
                })),
            }
            read.tokens.push(&row);
            read.numbers.push(number as u32);
            read.lengths.push(u32::try_from(length).unwrap_or(u32::MAX));
        })?;
        if read.numbers.is_empty() {
            return Err(nothing(input.path()));
        }
        Ok(read)
    }

    /// Some of the texts with the tokens of an alphabet, and how often the model meets what it does not know.
    fn coded(&self, alphabet: &Alphabet, length: usize, some: &[usize]) -> (Tokens, usize) {
        let numbers = alphabet.numbers();
        let of = |character: &char| numbers.get(character).copied().unwrap_or(UNKNOWN);
        let recoded: Vec<u16> = self.characters.iter().map(of).collect();
        let (mut coded, mut unknown, mut row) = (Tokens::new(length), 0, vec![]);
        for &number in some {
            row.clear();
            row.extend(self.tokens.text(number).iter().take(length).map(|&token| {
                match (alphabet, usize::from(token).checked_sub(MARKS)) {
                    (Alphabet::Characters(_), Some(place)) => recoded[place],
                    _ => token,
                }
            }));
            unknown += row.iter().filter(|&&token| token == UNKNOWN).count();
            coded.push(&row);
        }
        (coded, unknown)
    }

    /// A sentence about what is left out and cut at so many places.
    fn note(&self, alphabet: &Alphabet, length: usize, unknown: usize, why: &str) -> String {
        let (texts, unit) = (self.numbers.len(), alphabet.unit());
        let cut = self.lengths.iter().filter(|&&size| size as usize > length).count();
        let mut note = format!("{texts} {}, read to {length} {unit}{why}", words(texts, "text"));
        if cut > 0 {
            let longest = self.lengths.iter().max().copied().unwrap_or(0);
            note += &format!("; {cut} longer {} cut there (the longest has {longest})", are(cut));
        }
        if self.empty > 0 {
            note += &format!("; {} empty {} left out", self.empty, are(self.empty));
        }
        if unknown > 0 {
            note += &format!(
                "; {unknown} {} unknown, and stand as �",
                if unknown == 1 { "character is" } else { "characters are" }
            );
        }
        note
    }
}

fn are(count: usize) -> &'static str {
    if count == 1 { "one is" } else { "ones are" }
}

fn words(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

impl Preparation {
    /// Reads texts and splits them at random.
    ///
    /// # Errors
    /// If they cannot be read, or are too few.
    pub(in crate::data) fn of_texts(input: &Input, reading: &Reading, texts: &Texts) -> Result<Prepared> {
        let path = input.path();
        let read = Read::of(input, reading, texts)?;
        let count = read.numbers.len();
        if count < 2 {
            let problem = "there is only 1 text; training needs at least 2, one of them to test with";
            return Err(Error::file(path, problem));
        }
        let fractions = Fractions { validation: 0.0, test: reading.test_fraction };
        let split = Split::random(count, fractions, SPLIT_SEED).map_err(|error| {
            Error::file(path, format!("{error}; choose another --test-fraction, such as 0.5"))
        })?;
        let alphabet = match texts.bytes {
            true => Alphabet::Bytes,
            false => {
                let mut counts = vec![0; read.characters.len()];
                let train = split.train.iter().flat_map(|&number| read.tokens.text(number));
                train
                    .filter_map(|&token| usize::from(token).checked_sub(MARKS))
                    .for_each(|place| counts[place] += 1);
                Alphabet::learn(read.characters.iter().copied().zip(counts))
            }
        };
        let (length, why) = match texts.length {
            Some(length) => (length, ""),
            None => (usual_length(&read, &split.train), ", as long as 99 of 100 are at most (--length)"),
        };
        let [train, test] = [&split.train, &split.test].map(|part| read.coded(&alphabet, length, part));
        let vocabulary = alphabet.vocabulary();
        let block = Block::new(Shape::Tokens { length }, Kind::Token { vocabulary });
        let mut prepared = Preparation::of(
            reading.clone(),
            split.train.len(),
            Schema::new([block]),
            vec![],
            [vec![], vec![]],
        );
        let mut note = read.note(&alphabet, length, train.1 + test.1, why);
        if !texts.bytes {
            note += &format!("; {} different characters", vocabulary - MARKS);
        }
        prepared.alphabet = Some(alphabet);
        let parts = [(&train.0, &split.train), (&test.0, &split.test)];
        let [rows, test_rows] = parts
            .map(|(tokens, numbers)| prepared.texts_at_hand(tokens, AT_HAND, |i| read.numbers[numbers[i]]));
        let rows = [rows?, test_rows?];
        let stored =
            (train.0.len() > rows[0].data.len()).then(|| Stored::of_tokens(path, train.0, &prepared));
        Ok(Prepared { rows, preparation: prepared, stored, study: None, series: None, notes: vec![note] })
    }

    /// The length of every text, the word for what it is counted in, and a note.
    pub(in crate::data) fn described_texts(
        input: &Input,
        reading: &Reading,
        texts: &Texts,
    ) -> Result<(Vec<f64>, &'static str, Vec<String>)> {
        let read = Read::of(input, reading, texts)?;
        let (unit, different) = match texts.bytes {
            true => (Alphabet::Bytes.unit(), String::new()),
            false => ("characters", format!("; {} different characters", read.characters.len())),
        };
        let all: Vec<usize> = (0..read.lengths.len()).collect();
        let note = format!(
            "99 of 100 texts have {} {unit} at most, which is as many as a model reads{different}; {} empty {} left out",
            usual_length(&read, &all),
            read.empty,
            are(read.empty)
        );
        Ok((read.lengths.iter().map(|&length| f64::from(length)).collect(), unit, vec![note]))
    }

    /// As many texts as so many numbers are: all, or a sample.
    fn texts_at_hand(&self, tokens: &Tokens, most: usize, number: impl Fn(usize) -> u32) -> Result<Rows> {
        let chosen = sample(tokens.len(), None, (most / tokens.width().max(1)).max(32));
        let data = Dataset::new(tokens.rows(&chosen)?).with_schema(self.schema.clone());
        let names = chosen.iter().map(|&i| number(i).to_string()).collect();
        Ok(Rows { data, names, ids: None, gaps: vec![], cells: None, notes: vec![] })
    }

    /// Texts of other data, as the model sees them.
    pub(in crate::data) fn rows_of_texts(&self, input: &Input, given: &Reading) -> Result<Rows> {
        let (Some(alphabet), Some(mut texts)) = (&self.alphabet, self.reading.text.clone()) else {
            return Err(Error::stored("the run does not say how its texts were read; train it again"));
        };
        let reading = Reading {
            delimiter: given.delimiter.or(self.reading.delimiter),
            header: given.header.or(self.reading.header),
            ..Reading::default()
        };
        let is_table =
            matches!(input.kind()?, super::super::kind::Kind::Parquet) || named_as_table(input.path());
        if !is_table {
            // A model of a column of a table reads lines as well.
            texts.column = None;
        }
        texts.length = Some(self.features);
        let read = Read::of(input, &reading, &texts)?;
        let all: Vec<usize> = (0..read.numbers.len()).collect();
        let (tokens, unknown) = read.coded(alphabet, self.features, &all);
        let rows = self.texts_at_hand(&tokens, usize::MAX, |i| read.numbers[i])?;
        let cut = read.lengths.iter().any(|&size| size as usize > self.features);
        let notes =
            (cut || read.empty > 0 || unknown > 0).then(|| read.note(alphabet, self.features, unknown, ""));
        Ok(Rows { notes: notes.into_iter().collect(), ..rows })
    }

    /// The texts of examples as a model sees them, `[examples, places]`; `None` if it did not learn from texts.
    pub fn texts(&self, x: &Tensor<f32>) -> Option<Vec<String>> {
        let alphabet = self.alphabet.as_ref()?;
        Some(x.to_vec().chunks(self.features.max(1)).map(|row| alphabet.text(row)).collect())
    }
}

/// Whether a file is a table by its name.
fn named_as_table(path: &Path) -> bool {
    let name = path.to_string_lossy().to_lowercase();
    [".csv", ".tsv", ".csv.gz", ".tsv.gz"].iter().any(|ending| name.ends_with(ending))
}

/// As many places as 99 of 100 training texts have at most, but 2 and no more than [`LONGEST`].
fn usual_length(read: &Read, train: &[usize]) -> usize {
    let mut lengths: Vec<u32> = train.iter().map(|&number| read.lengths[number]).collect();
    lengths.sort_unstable();
    let place = (lengths.len() * READ_WHOLE).div_ceil(100).saturating_sub(1);
    (lengths[place] as usize).clamp(2, LONGEST)
}
