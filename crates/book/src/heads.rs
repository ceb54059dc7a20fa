//! The name of a head of the real model: `{{head 13 8}}` is “layer 13, head 8”.

use attention::presets::preset;

/// The real model in the library's table of sizes.
const MODEL: &str = "SmolLM2-135M";

/// The head's name in the text. `place` is its layer and its number in it, both from zero.
///
/// # Errors
/// When the model has no such head.
pub(crate) fn name(place: &str) -> Result<String, String> {
    let numbers: Option<Vec<u64>> = place.split_whitespace().map(|it| it.parse().ok()).collect();
    let Some([layer, head]) = numbers.as_deref() else {
        return Err(format!("`{place}` is no head: it is written {{{{head LAYER HEAD}}}}"));
    };
    let shape = preset(MODEL).ok_or_else(|| format!("no {MODEL} in the presets"))?.shape;
    if *layer >= shape.layers || *head >= shape.heads {
        return Err(format!(
            "{MODEL} has no layer {layer}, head {head}: its layers are 0 to {}, its heads 0 to {}",
            shape.layers - 1,
            shape.heads - 1
        ));
    }
    Ok(format!("layer {layer}, head {head}"))
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_head_is_named_by_layer_and_number() {
        assert_eq!(name("13 8").unwrap(), "layer 13, head 8");
        assert_eq!(name("29  0").unwrap(), "layer 29, head 0");
    }

    #[test]
    fn a_head_beyond_the_model_is_told() {
        assert!(name("30 8").unwrap_err().contains("its layers are 0 to 29"));
        assert!(name("13 9").unwrap_err().contains("its heads 0 to 8"));
        assert!(name("13").unwrap_err().contains("is no head"));
        assert!(name("13 8 2").unwrap_err().contains("is no head"));
    }
}
