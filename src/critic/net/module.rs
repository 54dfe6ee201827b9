//! The layers of a network as they are written.

use std::fmt;

use crate::critic::net::Activation;
use crate::error::{Error, ErrorKind, Result};

/// One layer of a network that is more than a multilayer perceptron, as [`Module::parse`] reads it and `Display` writes it.
///
/// Between the layers stand images of height × width × channels, pixel by pixel with the channels of a pixel together. Text is an image of
/// height 1, a point one of a single pixel. Where a matrix reads an image, and where [`Module::Reshape`] makes one, values are in
/// the order of PyTorch's `Flatten` and `Unflatten`: channel by channel.
///
/// ```
/// use earthwork::critic::net::{Architecture, Module, Network};
///
/// // A critic of images of 8 × 8.
/// let modules = Module::parse("conv2d:16:4:2:1 leaky-relu conv2d:32:4:2:1 leaky-relu dense:1")?;
/// let network = Network::<f32>::new(Architecture::of([8, 8, 1], 0, &modules), 7)?;
/// assert_eq!(network.parameters().len(), (16 * 16 + 16) + (16 * 16 * 32 + 32) + (4 * 32 + 1));
/// # Ok::<(), earthwork::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Module {
    /// y = W x + b: `dense:OUTPUTS`.
    Dense {
        /// How many values come out.
        outputs: usize,
    },
    /// `conv2d:CHANNELS:KERNEL[:STRIDE[:PADDING]]` and `conv1d`, along the width; `conv-transpose2d` and `conv-transpose1d` are their
    /// adjoints. As in PyTorch: a cross-correlation, padded with zeros.
    Convolution {
        /// Whether it is the adjoint, which makes an image larger.
        transposed: bool,
        /// Along how many axes it goes: 1 or 2.
        axes: usize,
        /// The channels that come out.
        channels: usize,
        /// The side of the kernel.
        kernel: usize,
        /// The step from window to window; 1 if it is not given.
        stride: usize,
        /// Zeros on each side; 0 if it is not given.
        padding: usize,
    },
    /// An activation, by its name.
    Activation(Activation),
    /// Mean 0 and variance 1 over all values of a point, then a gain and a shift for each channel: `layer-norm` (Ba, Kiros, Hinton 2016;
    /// PyTorch's `GroupNorm(1, channels)`).
    LayerNorm,
    /// Normalization of each channel of each point: `instance-norm` (Ulyanov, Vedaldi, Lempitsky 2016).
    InstanceNorm,
    /// Normalization of each channel over the batch: `batch-norm` (Ioffe & Szegedy 2015). The value at a point then depends on the other
    /// points, so that a penalty on the gradient at a point has no meaning. Passes forward of a training take the moments of the batch;
    /// [`Network::values`](crate::critic::net::Network::values) takes the running ones.
    BatchNorm,
    /// The values of each pixel as probabilities, exp(x / τ) over their sum: `softmax[:τ]`.
    Softmax {
        /// The temperature τ; 1 if it is not given.
        temperature: f64,
    },
    /// An image of as many values: `reshape:HEIGHTxWIDTHxCHANNELS`.
    Reshape {
        /// Height, width and channels.
        shape: [usize; 3],
    },
    /// The class as further channels of the image, learned for each class and pixel: `embedding:CHANNELS`. The first layer of a network that
    /// is told classes; without it they would be lost.
    Embedding {
        /// How many channels.
        channels: usize,
    },
    /// Means over squares of pixels (over stretches of text): `avg-pool:SIDE`.
    AveragePool {
        /// The side of a square.
        side: usize,
    },
    /// Each pixel as a square of pixels: `upsample:SIDE`.
    Upsample {
        /// The side of a square.
        side: usize,
    },
    /// The sum of two branches: `residual[ LAYERS ]` adds its layers to the identity, `residual[ LAYERS | LAYERS ]` to other layers.
    /// The last matrix of the first branch begins smaller by the root of the number of such sums, so that depth does not make values
    /// large.
    Residual {
        /// The branch.
        branch: Vec<Self>,
        /// The way around; the identity if there is no layer.
        shortcut: Vec<Self>,
    },
}

fn refuse(why: String) -> Error {
    Error::new("layers", ErrorKind::Unsupported(why.into()))
}

impl Module {
    /// Layers one after the other, apart by blanks or commas: `conv2d:16:4:2:1 leaky-relu dense:1`.
    ///
    /// # Errors
    /// When one of them is none, or a bracket is missing.
    pub fn parse(text: &str) -> Result<Vec<Self>> {
        let spaced = text.replace('[', " [ ").replace(']', " ] ").replace('|', " | ").replace(',', " ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut rest = words.as_slice();
        let modules = sequence(&mut rest)?;
        match rest.first() {
            None => Ok(modules),
            Some(word) => Err(refuse(format!("`{word}` closes or parts no residual block that was opened"))),
        }
    }

    /// Layers as [`Module::parse`] reads them.
    pub fn write(modules: &[Self]) -> String {
        modules.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
    }
}

/// The layers up to a bracket or a bar.
fn sequence(rest: &mut &[&str]) -> Result<Vec<Module>> {
    let mut modules = Vec::new();
    while let Some((&word, after)) = rest.split_first() {
        if word == "]" || word == "|" {
            break;
        }
        *rest = after;
        modules.push(if word == "residual" { residual(rest)? } else { single(word)? });
    }
    Ok(modules)
}

fn residual(rest: &mut &[&str]) -> Result<Module> {
    let mut expect = |mark: &str| {
        let found = rest.first() == Some(&mark);
        if found {
            *rest = &rest[1..];
        }
        found
    };
    if !expect("[") {
        return Err(refuse("the layers of `residual` stand in brackets: residual[ relu dense:64 ]".into()));
    }
    let branch = sequence(rest)?;
    let mut expect = |mark: &str| {
        let found = rest.first() == Some(&mark);
        if found {
            *rest = &rest[1..];
        }
        found
    };
    let parted = expect("|");
    let shortcut = if parted { sequence(rest)? } else { Vec::new() };
    if rest.first() != Some(&"]") {
        return Err(refuse("a `residual[` is not closed".into()));
    }
    *rest = &rest[1..];
    if branch.is_empty() || (parted && shortcut.is_empty()) {
        return Err(refuse("a branch of `residual` has at least one layer".into()));
    }
    Ok(Module::Residual { branch, shortcut })
}

fn single(word: &str) -> Result<Module> {
    let mut parts = word.split(':');
    let name = parts.next().unwrap_or_default();
    let values: Vec<&str> = parts.collect();
    let counts = |form: &str, least: usize, most: usize| -> Result<Vec<usize>> {
        let wrong = || refuse(format!("`{word}` is not a layer; it is written {form}, with whole numbers"));
        if !(least..=most).contains(&values.len()) {
            return Err(wrong());
        }
        values.iter().map(|value| value.parse().map_err(|_| wrong())).collect()
    };
    let bare =
        |module: Module| if values.is_empty() { Ok(module) } else { Err(refuse(format!("`{name}` takes no number"))) };
    match name {
        "dense" => Ok(Module::Dense { outputs: counts("dense:OUTPUTS", 1, 1)?[0] }),
        "conv1d" | "conv2d" | "conv-transpose1d" | "conv-transpose2d" => {
            let found = counts(&format!("{name}:CHANNELS:KERNEL[:STRIDE[:PADDING]]"), 2, 4)?;
            Ok(Module::Convolution {
                transposed: name.starts_with("conv-transpose"),
                axes: if name.ends_with("1d") { 1 } else { 2 },
                channels: found[0],
                kernel: found[1],
                stride: found.get(2).copied().unwrap_or(1),
                padding: found.get(3).copied().unwrap_or(0),
            })
        }
        "layer-norm" => bare(Module::LayerNorm),
        "instance-norm" => bare(Module::InstanceNorm),
        "batch-norm" => bare(Module::BatchNorm),
        "softmax" if values.is_empty() => Ok(Module::Softmax { temperature: 1.0 }),
        "softmax" => match values.as_slice() {
            [value] => value.parse().map(|temperature| Module::Softmax { temperature }).ok(),
            _ => None,
        }
        .ok_or_else(|| refuse(format!("`{word}` is not a layer; it is written softmax[:TEMPERATURE]"))),
        "reshape" => {
            let sides: Option<Vec<usize>> = match values.as_slice() {
                [shape] => shape.split('x').map(|side| side.parse().ok()).collect(),
                _ => None,
            };
            let shape = sides.and_then(|sides| sides.try_into().ok());
            shape
                .map(|shape| Module::Reshape { shape })
                .ok_or_else(|| refuse(format!("`{word}` is not a layer; it is written reshape:HEIGHTxWIDTHxCHANNELS")))
        }
        "embedding" => Ok(Module::Embedding { channels: counts("embedding:CHANNELS", 1, 1)?[0] }),
        "avg-pool" => Ok(Module::AveragePool { side: counts("avg-pool:SIDE", 1, 1)?[0] }),
        "upsample" => Ok(Module::Upsample { side: counts("upsample:SIDE", 1, 1)?[0] }),
        _ => Activation::named(word).map(Module::Activation).map_err(|_| {
            refuse(format!(
                "unknown layer `{word}`; expected one of dense:N, conv1d, conv2d, conv-transpose1d, conv-transpose2d \
                 (:CHANNELS:KERNEL:STRIDE:PADDING), layer-norm, instance-norm, batch-norm, softmax, reshape:HxWxC, embedding:N, avg-pool:N, \
                 upsample:N, residual[ ... ] and the activations relu, leaky-relu, tanh, softplus, silu, maxmin and groupsort:K"
            ))
        }),
    }
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dense { outputs } => write!(f, "dense:{outputs}"),
            Self::Convolution { transposed, axes, channels, kernel, stride, padding } => {
                let name = if *transposed { "conv-transpose" } else { "conv" };
                write!(f, "{name}{axes}d:{channels}:{kernel}:{stride}:{padding}")
            }
            Self::Activation(activation) => activation.fmt(f),
            Self::LayerNorm => f.write_str("layer-norm"),
            Self::InstanceNorm => f.write_str("instance-norm"),
            Self::BatchNorm => f.write_str("batch-norm"),
            Self::Softmax { temperature } => write!(f, "softmax:{temperature}"),
            Self::Reshape { shape: [height, width, channels] } => write!(f, "reshape:{height}x{width}x{channels}"),
            Self::Embedding { channels } => write!(f, "embedding:{channels}"),
            Self::AveragePool { side } => write!(f, "avg-pool:{side}"),
            Self::Upsample { side } => write!(f, "upsample:{side}"),
            Self::Residual { branch, shortcut } if shortcut.is_empty() => {
                write!(f, "residual[ {} ]", Self::write(branch))
            }
            Self::Residual { branch, shortcut } => {
                write!(f, "residual[ {} | {} ]", Self::write(branch), Self::write(shortcut))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in [
            "conv2d:16:4:2:1 leaky-relu:0.2 conv2d:32:3:1:0 layer-norm relu dense:1",
            "dense:64 reshape:4x4x4 relu conv-transpose2d:1:4:2:1 tanh",
            "embedding:1 conv1d:8:5:1:2 residual[ relu conv1d:8:3:1:1 ] instance-norm softmax:0.5",
            "conv2d:4:3:1:1 residual[ relu conv2d:8:4:2:1 | avg-pool:2 residual[ batch-norm ] conv2d:8:1:1:0 ] upsample:2",
        ] {
            assert_eq!(Module::write(&Module::parse(text).unwrap()), text);
        }
        assert_eq!(Module::parse("conv2d:16:4,relu").unwrap().len(), 2);
        for text in [
            "dense",
            "dense:a",
            "conv2d:1",
            "conv2d:1:2:3:4:5",
            "residual relu",
            "residual[ relu",
            "relu ]",
            "residual[ ]",
        ] {
            assert!(Module::parse(text).unwrap_err().to_string().starts_with("layers: "), "{text}");
        }
        assert!(Module::parse("swish").unwrap_err().to_string().contains("conv-transpose2d"));
        assert!(Module::parse("softmax:hot").unwrap_err().to_string().contains("TEMPERATURE"));
        assert!(Module::parse("reshape:4x4").unwrap_err().to_string().contains("HEIGHTxWIDTHxCHANNELS"));
    }
}
