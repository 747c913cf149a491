//! Writing Protocol Buffers: every field is a key, which holds its number and the kind of what follows, and a
//! value.

/// A message, as bytes.
#[derive(Default)]
pub(super) struct Message(Vec<u8>);

/// What follows a key.
const VARINT: u64 = 0;
const LENGTH: u64 = 2;

impl Message {
    /// A whole number, or the number of an alternative.
    pub(super) fn int(&mut self, field: u64, value: i64) -> &mut Self {
        self.varint(field << 3 | VARINT);
        // Negative numbers are written as their 64 bits.
        self.varint(value as u64);
        self
    }

    /// Text in UTF-8.
    pub(super) fn text(&mut self, field: u64, value: &str) -> &mut Self {
        self.bytes(field, value.as_bytes())
    }

    /// Bytes.
    pub(super) fn bytes(&mut self, field: u64, value: &[u8]) -> &mut Self {
        self.varint(field << 3 | LENGTH);
        self.varint(value.len() as u64);
        self.0.extend(value);
        self
    }

    /// Another message.
    pub(super) fn message(&mut self, field: u64, value: &Message) -> &mut Self {
        self.bytes(field, &value.0)
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Seven bits at a time, the lowest first; the eighth says whether more follow.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_bytes() {
        // The two examples of the documentation of the encoding: 150 in field 1, "testing" in field 2.
        let mut message = Message::default();
        message.int(1, 150).text(2, "testing");
        assert_eq!(message.into_bytes(), [&[8, 0x96, 1, 0x12, 7][..], b"testing"].concat());
        let mut message = Message::default();
        message.int(1, -1);
        assert_eq!(message.into_bytes(), [8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
    }
}
