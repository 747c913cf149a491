//! Event files for TensorBoard.
//!
//! An event file is a row of records: the length, a checksum of the length, the bytes of an `Event`
//! message in protocol buffers, a checksum of those. Only scalars are written, which takes a dozen lines
//! of encoding: <https://github.com/tensorflow/tensorboard/blob/master/tensorboard/compat/proto/event.proto>.

use std::fs::{self, File};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use autograd::Real;

use super::{Callback, Epoch, Step, Task, Terms};
use crate::{Error, Result};

/// Writes losses and learning rates for TensorBoard: `tensorboard --logdir runs`.
///
/// Every term is a scalar `train/…` or `validation/…` with the epoch as its step; the loss of single
/// batches is `batch/loss`, with the step.
pub struct TensorBoard {
    path: PathBuf,
    file: File,
}

impl TensorBoard {
    /// A new event file in this folder, which is made if need be.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|source| Error::io("write", folder, source))?;
        let seconds = now();
        // The name must contain `tfevents`, and sort by time.
        let path = folder.join(format!("events.out.tfevents.{:010}.{}", seconds as u64, std::process::id()));
        let file = File::create(&path).map_err(|source| Error::io("write", &path, source))?;
        let mut board = TensorBoard { path, file };
        board.write(&event(seconds, 0, &field_bytes(3, b"brain.Event:2")))?;
        Ok(board)
    }

    fn scalar(&mut self, name: &str, step: usize, value: f64) -> Result<()> {
        // Event { 5: Summary { 1: Value { 1: tag, 2: simple_value } } }
        let value =
            [field_bytes(1, name.as_bytes()), field_fixed32(2, (value as f32).to_le_bytes())].concat();
        self.write(&event(now(), step as u64, &field_bytes(5, &field_bytes(1, &value))))
    }

    fn terms(&mut self, prefix: &str, step: usize, terms: &Terms) -> Result<()> {
        self.scalar(&format!("{prefix}/loss"), step, terms.total())?;
        if terms.values.len() > 1 {
            for (name, value) in &terms.values {
                self.scalar(&format!("{prefix}/{name}"), step, *value)?;
            }
        }
        Ok(())
    }

    fn write(&mut self, message: &[u8]) -> Result<()> {
        self.file.write_all(&record(message)).map_err(|source| Error::io("write", &self.path, source))
    }
}

impl<T: Real> Callback<T> for TensorBoard {
    fn step(&mut self, step: &Step) -> Result<ControlFlow<()>> {
        self.scalar("batch/loss", step.done, step.loss.total())?;
        Ok(ControlFlow::Continue(()))
    }

    fn epoch(&mut self, epoch: &Epoch, _: &dyn Task<T>) -> Result<ControlFlow<()>> {
        self.scalar("learning rate", epoch.number, epoch.rate)?;
        self.terms("train", epoch.number, &epoch.train)?;
        if let Some(validation) = &epoch.validation {
            self.terms("validation", epoch.number, validation)?;
        }
        Ok(ControlFlow::Continue(()))
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// `Event { 1: wall_time, 2: step, what }`.
fn event(seconds: f64, step: u64, what: &[u8]) -> Vec<u8> {
    let mut message = vec![1 << 3 | 1];
    message.extend(seconds.to_le_bytes());
    message.push(2 << 3);
    message.extend(varint(step));
    message.extend(what);
    message
}

fn varint(mut x: u64) -> Vec<u8> {
    let mut bytes = vec![];
    while x >= 0x80 {
        bytes.push(x as u8 | 0x80);
        x >>= 7;
    }
    bytes.push(x as u8);
    bytes
}

/// A field with text or a message in it.
fn field_bytes(number: u8, content: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2][..], &varint(content.len() as u64), content].concat()
}

fn field_fixed32(number: u8, content: [u8; 4]) -> Vec<u8> {
    [&[number << 3 | 5][..], &content].concat()
}

/// The message with its length and checksums.
fn record(message: &[u8]) -> Vec<u8> {
    let length = (message.len() as u64).to_le_bytes();
    let checksums = [&length[..], message].map(|bytes| masked_crc32c(bytes).to_le_bytes());
    [&length[..], &checksums[0], message, &checksums[1]].concat()
}

/// CRC-32C, rotated and shifted so that checksums of checksums are none.
fn masked_crc32c(bytes: &[u8]) -> u32 {
    let crc = bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0x82F6_3B78 } else { crc >> 1 },
        )
    });
    (!crc).rotate_right(15).wrapping_add(0xA282_EAD8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_what_tensorboard_writes() {
        // By the `RecordWriter` of tensorboard 2.21.
        let length = [5, 0, 0, 0, 0, 0, 0, 0, 234, 178, 4, 62];
        let expected = [&length[..], b"hello", &[187, 31, 28, 25]].concat();
        assert_eq!(record(b"hello"), expected);
        // CRC-32C of "123456789" is 0xE3069283 (RFC 3720, appendix B.4).
        let unmasked = masked_crc32c(b"123456789").wrapping_sub(0xA282_EAD8).rotate_left(15);
        assert_eq!(unmasked, 0xE306_9283);
    }
}
