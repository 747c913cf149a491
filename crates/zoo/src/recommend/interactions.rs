//! Who chose what, as people have it: a table of users and items, perhaps with a value and a time.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::path::Path;

use nn::data::table::{self, Column, TableOptions, Texts, quoted};
use nn::data::{Examples, SparseRows};
use nn::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::data::explain;

/// How a table of choices is read, and what of it a model learns. The columns are taken by their names where these tell, or
/// else in the order user, item, value, time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Choices {
    /// The column of users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Column>,
    /// The column of items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<Column>,
    /// The column of values: ratings, or how often an item was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<Column>,
    /// The column of times, by which the last of several choices of one item is found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Column>,
    /// The least value that makes a row a choice; all are choices if nothing is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// The fewest choices of a user who is learnt from or judged by.
    pub fewest: usize,
    /// Whether a model learns the values, and not only that an item was chosen.
    pub rated: bool,
}

impl Default for Choices {
    fn default() -> Self {
        let (user, item, value, time) = (None, None, None, None);
        Choices { user, item, value, time, at_least: None, fewest: 5, rated: false }
    }
}

impl Choices {
    /// Takes the columns that somebody names by their roles, as in `user = "reader"`.
    ///
    /// # Errors
    /// If there is no such role.
    pub fn place(&mut self, columns: &BTreeMap<String, String>) -> Result<()> {
        for (role, column) in columns {
            let place = match role.as_str() {
                "user" => &mut self.user,
                "item" => &mut self.item,
                "value" => &mut self.value,
                "time" => &mut self.time,
                other => {
                    let problem = format!(
                        "the columns of a recommender are called user, item, value and time, as in --columns \
                         user=reader,item=book; there is no `{other}`"
                    );
                    return Err(Error::setting("columns", problem));
                }
            };
            *place = Some(column.parse().map_or_else(|_| Column::Name(column.clone()), Column::Number));
        }
        Ok(())
    }
}

/// Users and items by their names, and a sparse row of items for each user.
///
/// ```
/// use nn::data::table::TableOptions;
/// use zoo::recommend::{Choices, Interactions};
///
/// let text = "reader,book,stars\nanna,dune,5\nbert,emma,2\nanna,emma,4\n";
/// let read = Interactions::parse("stars.csv".as_ref(), text.as_bytes(), &Choices::default(), &TableOptions::default())?;
/// assert_eq!((&read.users[..], &read.items[..]), (&["anna", "bert"].map(String::from)[..], &["dune", "emma"].map(String::from)[..]));
/// assert_eq!(read.rows.row(0).collect::<Vec<_>>(), [(0, 5.0), (1, 4.0)]);
/// # Ok::<(), nn::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Interactions {
    /// A row for each user, a column for each item; 1 where the table has no values.
    pub rows: SparseRows,
    /// The users, as they come first in the table.
    pub users: Vec<String>,
    /// The items, as they come first in the table.
    pub items: Vec<String>,
    /// Whether the table has values.
    pub valued: bool,
    /// Sentences about what was found in the table.
    pub notes: Vec<String>,
}

impl Interactions {
    /// From a file of separated text, gzipped or not. Unless it is said what stands between two fields, the first lines say
    /// it.
    ///
    /// # Errors
    /// If it cannot be read, has no column of users or items, or holds a field that cannot be used. The error names the
    /// line.
    pub fn read(path: &Path, choices: &Choices, options: &TableOptions) -> Result<Self> {
        let mut options = options.clone();
        if options.delimiter.is_none() {
            // Two colons are no pair of delimiters.
            let better = table::better_delimiter(path, &options)?.map(|found| found.0);
            options.delimiter = better.filter(|&sign| sign != ':');
        }
        Interactions::of(path, Texts::open(path, &options)?, choices)
    }

    /// From a stream. Errors call it `name`.
    ///
    /// # Errors
    /// Those of [`read`](Self::read).
    pub fn parse(name: &Path, content: impl Read, choices: &Choices, options: &TableOptions) -> Result<Self> {
        Interactions::of(name, Texts::new(name, content, options)?, choices)
    }

    fn of(path: &Path, mut texts: Texts<'_>, columns: &Choices) -> Result<Self> {
        let places = Places::find(path, &texts, columns)?;
        let (mut users, mut items) = (Names::default(), Names::default());
        // Of millions of rows it matters how much is kept of each.
        let mut choices: Vec<(u32, u32, f32, f64)> = vec![];
        while texts.advance()? {
            let user = users.number(path, texts.field(places.user)?)?;
            let item = items.number(path, texts.field(places.item)?)?;
            let value = places.value.map_or(Ok(1.0), |column| texts.value(column))?;
            let time = places.time.map_or(Ok(0.0), |column| texts.value(column))?;
            choices.push((user, item, value as f32, time));
        }
        let mut notes = vec![places.note(&texts)];
        notes.extend(explain::notes(&texts.notes()));
        let all = choices.len();
        // The last of several stays: by time, or, where that is the same, in the table.
        choices.sort_by(|a, b| (a.0, a.1).cmp(&(b.0, b.1)).then(a.3.total_cmp(&b.3)));
        let last = |i: &usize| {
            choices.get(i + 1).is_none_or(|next| (next.0, next.1) != (choices[*i].0, choices[*i].1))
        };
        let again = (0..all).filter(|i| !last(i)).count();
        if again > 0 {
            let kept = if places.time.is_some() { "the latest" } else { "the last" };
            notes.push(format!(
                "{again} of {all} rows choose an item that the user has chosen before; {kept} counts"
            ));
        }
        let entry = |i: usize| (choices[i].0 as usize, choices[i].1 as usize, choices[i].2);
        let entries = (0..all).filter(last).map(entry);
        let rows = SparseRows::new(users.names.len(), items.names.len(), entries)
            .map_err(|error| error.in_file(path))?;
        let valued = places.value.is_some();
        Ok(Interactions { rows, users: users.names, items: items.names, valued, notes })
    }

    /// The same choices among these items, in this order, without the others: for a model that knows these.
    #[must_use]
    pub fn among(self, items: &[String]) -> Self {
        let numbers: HashMap<&str, usize> =
            items.iter().enumerate().map(|(number, item)| (item.as_str(), number)).collect();
        let known: Vec<Option<usize>> =
            self.items.iter().map(|item| numbers.get(item.as_str()).copied()).collect();
        let mut entries = vec![];
        for user in 0..self.rows.len() {
            entries.extend(self.rows.row(user).filter_map(|(item, value)| Some((user, known[item]?, value))));
        }
        let (mut notes, missing) = (self.notes, self.rows.entries() - entries.len());
        if missing > 0 {
            let strangers = known.iter().filter(|number| number.is_none()).count();
            notes.push(format!(
                "{missing} of {} choices are of {strangers} items that the model does not know; they are left out",
                self.rows.entries()
            ));
        }
        let rows = SparseRows::new(self.users.len(), items.len(), entries)
            .expect("places are different and in range");
        Interactions { rows, items: items.to_vec(), notes, ..self }
    }

    /// The items with these numbers, in this order, and no others.
    #[must_use]
    pub fn of_items(self, numbers: &[usize]) -> Self {
        let items = numbers.iter().map(|&item| self.items[item].clone()).collect();
        Interactions { rows: self.rows.transposed().select(numbers).transposed(), items, ..self }
    }

    /// The rows that a model learns: values, or 1 for each item that was chosen.
    pub fn learnt(&self, choices: &Choices) -> SparseRows {
        let chosen = match choices.at_least {
            Some(least) => self.rows.filter(|_, _, value| f64::from(value) >= least),
            None => self.rows.clone(),
        };
        if choices.rated { chosen } else { chosen.map(|_, _, _| 1.0) }
    }
}

/// Numbers for names, counted as they come.
#[derive(Default)]
struct Names {
    numbers: HashMap<String, u32>,
    names: Vec<String>,
}

impl Names {
    fn number(&mut self, path: &Path, name: &str) -> Result<u32> {
        if let Some(&number) = self.numbers.get(name) {
            return Ok(number);
        }
        let number = u32::try_from(self.names.len())
            .map_err(|_| Error::file(path, "there are more than four billion users or items"))?;
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        Ok(number)
    }
}

/// The places of the columns, counted from 0.
struct Places {
    user: usize,
    item: usize,
    value: Option<usize>,
    time: Option<usize>,
}

/// Parts of the names that such columns often have.
const USERS: &[&str] = &["user", "customer", "visitor", "reader", "member", "person", "account", "client"];
const ITEMS: &[&str] =
    &["item", "movie", "film", "product", "book", "artist", "track", "song", "article", "isbn", "game"];
const VALUES: &[&str] = &["rating", "value", "score", "stars", "count", "plays", "weight", "quantity"];
const TIMES: &[&str] = &["time", "date"];

impl Places {
    fn find(path: &Path, texts: &Texts<'_>, columns: &Choices) -> Result<Self> {
        let names = texts.names();
        if names.len() < 2 {
            let problem = "a row has one field only, and a user and an item are needed; say what separates them with \
                           --delimiter";
            return Err(Error::file(path, problem));
        }
        let said = |column: &Option<Column>| column.as_ref().map(|column| texts.find(column)).transpose();
        let named = |words: &[&str]| {
            let is_one = |name: &String| words.iter().any(|word| name.to_lowercase().contains(word));
            names.iter().position(is_one).filter(|_| texts.header())
        };
        let [user, item, value, time] =
            [said(&columns.user)?, said(&columns.item)?, said(&columns.value)?, said(&columns.time)?];
        let recognized = [named(USERS), named(ITEMS)];
        let places = match (user, item) {
            (Some(user), Some(item)) => {
                Places { user, item, value: value.or(named(VALUES)), time: time.or(named(TIMES)) }
            }
            (None, None) if recognized == [None; 2] && named(VALUES).is_none() => {
                // Nobody has said anything, and no name helps.
                let place = |place: usize| (names.len() > place).then_some(place);
                Places { user: 0, item: 1, value: value.or(place(2)), time: time.or(place(3)) }
            }
            (user, item) => {
                let [mut user, mut item] = [user.or(recognized[0]), item.or(recognized[1])];
                if names.len() == 2 && named(VALUES).or(named(TIMES)).is_none() {
                    // One is known, so the other one is left.
                    [user, item] = [user.or(item.map(|i| 1 - i)), item.or(user.map(|u| 1 - u))];
                }
                let (Some(user), Some(item)) = (user, item) else {
                    return Err(Error::file(path, unknown(user.is_some(), names)));
                };
                Places { user, item, value: value.or(named(VALUES)), time: time.or(named(TIMES)) }
            }
        };
        if places.user == places.item {
            return Err(Error::setting("item", "users and items cannot be one column; give two"));
        }
        Ok(places)
    }

    /// The roles in which the columns are taken.
    fn note(&self, texts: &Texts<'_>) -> String {
        let name = |place: usize| quoted(&texts.names()[place]);
        let mut note = format!("users are in {}, items in {}", name(self.user), name(self.item));
        if let Some(value) = self.value {
            note += &format!(", values in {}", name(value));
        }
        if let Some(time) = self.time {
            note += &format!(", times in {}", name(time));
        }
        note
    }
}

/// The sentence for a table of which nobody can say where its users or its items are.
fn unknown(knows_users: bool, names: &[String]) -> String {
    let wanted = if knows_users { "items" } else { "users" };
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    format!(
        "no column is recognized as that of {wanted} among {}; say which hold users and items, as in --columns \
         user=NAME,item=NAME",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str, columns: &Choices) -> Result<Interactions> {
        Interactions::parse(name.as_ref(), text.as_bytes(), columns, &TableOptions::default())
    }

    /// Every choice by its names.
    fn choices(of: &Interactions) -> Vec<(&str, &str, f32)> {
        let row = |user: usize| {
            of.rows.row(user).map(move |(item, value)| (&*of.users[user], &*of.items[item], value))
        };
        (0..of.users.len()).flat_map(row).collect()
    }

    #[test]
    fn tables_of_every_form_are_read() {
        let expected = [("196", "242", 3.0), ("22", "377", 1.0), ("22", "242", 5.0)];
        let forms = [
            ("u.data.tsv", "196\t242\t3\t881250949\n22\t377\t1\t878887116\n22\t242\t5\t878887117\n"),
            ("ratings.csv", "userId,movieId,rating,timestamp\n196,242,3.0,8\n22,377,1.0,9\n22,242,5,9\n"),
            ("ratings.dat", "196::242::3::881250949\n22::377::1::878887116\n22::242::5::878887117\n"),
            ("log.csv", "date,item_id,user_id,score\n8,242,196,3\n9,377,22,1\n9,242,22,5\n"),
            (
                "r.inter.tsv",
                "user_id:token\titem_id:token\trating:float\n196\t242\t3\n22\t377\t1\n22\t242\t5\n",
            ),
        ];
        for (name, text) in forms {
            let read = read(name, text, &Choices::default()).unwrap();
            let mut found = choices(&read);
            found.sort_by_key(|choice| expected.iter().position(|other| other == choice));
            assert_eq!(found, expected, "{name}");
            assert!(read.valued, "{name}");
        }
    }

    #[test]
    fn words_without_values_are_choices() {
        let plain =
            read("a.csv", "who,what\nanna,dune\nbert,emma\nanna,emma\n", &Choices::default()).unwrap();
        assert_eq!(choices(&plain), [("anna", "dune", 1.0), ("anna", "emma", 1.0), ("bert", "emma", 1.0)]);
        assert!(
            !plain.valued && plain.notes[0] == "users are in `who`, items in `what`",
            "{:?}",
            plain.notes
        );
        // Of two columns one name is enough, and so is one that is given.
        let one = read("a.csv", "who,film\nanna,dune\n", &Choices::default()).unwrap();
        assert_eq!(choices(&one), [("anna", "dune", 1.0)]);
        let half = Choices { user: Some(1.into()), ..Choices::default() };
        assert_eq!(
            choices(&read("a.csv", "a,film,b\nanna,dune,x\n", &half).unwrap()),
            [("anna", "dune", 1.0)]
        );
        let columns = Choices { user: Some(2.into()), item: Some("what".into()), ..Choices::default() };
        let given = read("a.csv", "what,who,n\ndune,anna,3\n", &columns).unwrap();
        assert_eq!((choices(&given), given.valued), (vec![("anna", "dune", 1.0)], false));
    }

    #[test]
    fn the_latest_of_several_counts() {
        let text = "user,item,rating,time\na,x,1,30\na,x,2,10\na,x,3,20\nb,x,4,5\nb,x,5,5\n";
        let read = read("a.csv", text, &Choices::default()).unwrap();
        assert_eq!(choices(&read), [("a", "x", 1.0), ("b", "x", 5.0)]);
        assert!(read.notes.iter().any(|note| note.starts_with("3 of 5 rows")), "{:?}", read.notes);
    }

    #[test]
    fn what_cannot_be_used_is_named_by_its_line() {
        let text = |text: &str, columns: &Choices| read("a.csv", text, columns).unwrap_err().to_string();
        let plain = Choices::default();
        let wrong = text("user,item,rating\na,x,3\na,y,good\n", &plain);
        assert!(wrong.starts_with("a.csv: line 3, column `rating`: \"good\" is not a number"), "{wrong}");
        assert!(text("user,item\na,x\n,y\n", &plain).contains("line 3, column `user`: the value is missing"));
        assert!(text("anna\nbert\n", &plain).contains("one field only"));
        let none = text("film,stars\nx,3\n", &plain);
        let expected =
            "a.csv: no column is recognized as that of users among `film`, `stars`; say which hold";
        assert!(none.starts_with(expected), "{none}");
        assert!(text("user,a,b\nx,y,z\n", &plain).contains("as that of items among"));
        let same = Choices { user: Some(1.into()), item: Some(1.into()), ..Choices::default() };
        assert!(text("user,item\na,x\n", &same).contains("cannot be one column"));
        let wrong = Choices { user: Some("usr".into()), item: Some(2.into()), ..Choices::default() };
        assert!(text("user,item\na,x\n", &wrong).contains("nearest name is `user`"));
    }

    #[test]
    fn a_model_is_asked_about_its_own_items() {
        let text = "user,item\na,x\na,new\nb,y\n";
        let known = ["y", "x", "z"].map(String::from);
        let read = read("a.csv", text, &Choices::default()).unwrap().among(&known);
        assert_eq!(choices(&read), [("a", "x", 1.0), ("b", "y", 1.0)]);
        assert_eq!(read.rows.width(), 3);
        let note = "1 of 3 choices are of 1 items that the model does not know; they are left out";
        assert_eq!(read.notes.last().unwrap(), note);
        let only = read.of_items(&[0]);
        assert_eq!((&only.items[..], only.rows.width(), only.rows.entries()), (&["y".to_owned()][..], 1, 1));
    }

    #[test]
    fn a_model_learns_choices_or_values() {
        let read = read("a.csv", "user,item,rating\na,x,3\na,y,5\n", &Choices::default()).unwrap();
        let learnt = |at_least, rated| {
            let rows = read.learnt(&Choices { at_least, rated, ..Choices::default() });
            rows.row(0).collect::<Vec<_>>()
        };
        assert_eq!(learnt(None, false), [(0, 1.0), (1, 1.0)]);
        assert_eq!(learnt(Some(4.0), false), [(1, 1.0)]);
        assert_eq!(learnt(None, true), [(0, 3.0), (1, 5.0)]);
    }
}
