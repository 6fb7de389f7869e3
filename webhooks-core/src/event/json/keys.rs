//! Keys of the objects that are being written, each of which must be there once.

use std::{
    collections::HashMap,
    hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState},
    ops::Range,
};

use super::output::Output;

/// An object of more keys is looked up by hash.
const FEW: usize = 16;

/// A key, where its entry stands.
pub(super) struct Key {
    text: Range<usize>,
    sample: u32,
    /// A later entry of the same key stands for it.
    replaced: bool,
}

/// The keys of one object, within those of all objects that are open.
pub(super) struct Keys {
    base: usize,
    /// Which samples there are: most keys are seen to be new by one bit.
    samples: u64,
    any_replaced: bool,
    /// The last entry of each hash, once there are many. The hashes are of a random seed: keys come
    /// from outside.
    index: Option<Box<(RandomState, Index)>>,
}

type Index = HashMap<u64, usize, BuildHasherDefault<Hashed>>;

/// Takes what is a hash already as it is.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 << 8) | u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

impl Keys {
    pub(super) fn new(output: &Output) -> Self {
        Self {
            base: output.keys.len(),
            samples: 0,
            any_replaced: false,
            index: None,
        }
    }

    pub(super) fn is_empty(&self, output: &Output) -> bool {
        output.keys.len() == self.base
    }

    /// Takes down the key that was just written; an earlier one that is the same is replaced.
    pub(super) fn written(&mut self, output: &mut Output, text: Range<usize>) {
        let sample = sample(&output.bytes[text.clone()]);
        let at = output.keys.len();
        let earlier = if at - self.base < FEW {
            let bit = 1 << (sample % 64);
            let seen = self.samples & bit != 0;
            self.samples |= bit;
            seen.then(|| self.last_same(output, &text, sample))
                .flatten()
        } else {
            self.indexed(output, &text, sample)
        };
        if let Some(earlier) = earlier {
            output.keys[earlier].replaced = true;
            self.any_replaced = true;
        }
        output.keys.push(Key {
            text,
            sample,
            replaced: false,
        });
    }

    /// Takes out the entries that were replaced: the last of two values of one key wins, and stands
    /// where it was written.
    pub(super) fn close(self, output: &mut Output) {
        if self.any_replaced {
            let keys = &output.keys[self.base..];
            let mut kept = keys[0].text.start;
            for (at, key) in keys.iter().enumerate() {
                let end = keys
                    .get(at + 1)
                    .map_or(output.bytes.len(), |next| next.text.start);
                if !key.replaced {
                    output.bytes.copy_within(key.text.start..end, kept);
                    kept += end - key.text.start;
                }
            }
            output.bytes.truncate(kept);
        }
        output.keys.truncate(self.base);
    }

    fn last_same(&self, output: &Output, text: &Range<usize>, sample: u32) -> Option<usize> {
        output.keys[self.base..]
            .iter()
            .rposition(|key| {
                key.sample == sample && output.bytes[key.text.clone()] == output.bytes[text.clone()]
            })
            .map(|at| self.base + at)
    }

    fn indexed(&mut self, output: &Output, text: &Range<usize>, sample: u32) -> Option<usize> {
        let base = self.base;
        let (hasher, index) = &mut **self.index.get_or_insert_with(|| {
            let hasher = RandomState::new();
            let hash = |key: &Key| hasher.hash_one(&output.bytes[key.text.clone()]);
            let keys = output.keys[base..].iter().map(hash).zip(base..).collect();
            Box::new((hasher, keys))
        });
        let hash = hasher.hash_one(&output.bytes[text.clone()]);
        let found = index.insert(hash, output.keys.len())?;
        if output.bytes[output.keys[found].text.clone()] == output.bytes[text.clone()] {
            return Some(found);
        }
        // Two keys of one hash: the index knows the last of them only.
        self.last_same(output, text, sample)
    }
}

/// Some of a key, cheaply: its length and bytes of it that differ between the fields of a struct.
fn sample(text: &[u8]) -> u32 {
    let byte = |at: usize| u32::from(text.get(at).copied().unwrap_or_default());
    let length = text.len();
    // The first and the last are quotation marks.
    let taken = [byte(1), byte(length / 2), byte(length.saturating_sub(2))];
    taken
        .iter()
        .fold(length as u32, |sum, byte| sum.rotate_left(8) ^ byte)
        .wrapping_mul(0x9e37_79b1)
        .rotate_left(8)
}
