//! Emitter IDs.

use crate::{
    Error,
    text::{check_text, text_newtype},
};

text_newtype! {
    /// The ID of an emitter, such as `crm`: 1–128 of `[A-Za-z0-9_.:-]`, unique.
    EmitterId, check
}

fn check(text: &str) -> Result<(), Error> {
    check_text("emitter ID", text, 128, "[A-Za-z0-9_.:-]", |byte| {
        byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_1_to_128_of_the_documented_characters() {
        for id in ["crm", "A-z_0.9:x", &"x".repeat(128)] {
            assert!(EmitterId::new(id).is_ok());
        }
        for id in ["", "a/b", "a b", "é", "%2f", &"x".repeat(129)] {
            assert!(
                EmitterId::new(id)
                    .unwrap_err()
                    .to_string()
                    .contains("[A-Za-z0-9_.:-]")
            );
        }
    }
}
