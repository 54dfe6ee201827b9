//! Networks and whole trainings as bytes, in the safetensors format: named arrays, and one text beside them.

use std::fmt::Write as _;

use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use crate::critic::net::{Activation, Architecture, Init, Module, Modules, Network, Scalar};
use crate::error::{Error, ErrorKind, Result};

/// The one key of the text, so that equal contents are equal bytes.
const KEY: &str = "earthwork";

fn refuse(why: impl Into<String>) -> Error {
    Error::new("saved", ErrorKind::Unsupported(why.into().into()))
}

/// Arrays and lines of text on their way to bytes.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    arrays: Vec<(String, Dtype, Vec<usize>, Vec<u8>)>,
    text: String,
}

impl Writer {
    pub(crate) fn note(&mut self, key: &str, value: impl std::fmt::Display) {
        writeln!(self.text, "{key} = {value}").expect("writing to a string");
    }

    pub(crate) fn array<T: Scalar>(&mut self, name: impl Into<String>, shape: &[usize], values: &[T]) {
        let double = std::mem::size_of::<T>() == 8;
        let bytes = values.iter().flat_map(|v| {
            let double_bytes = v.to_f64().to_le_bytes();
            let single_bytes = (v.to_f64() as f32).to_le_bytes();
            (0..if double { 8 } else { 4 }).map(move |k| if double { double_bytes[k] } else { single_bytes[k % 4] })
        });
        let kind = if double { Dtype::F64 } else { Dtype::F32 };
        self.arrays.push((name.into(), kind, shape.to_vec(), bytes.collect()));
    }

    /// The matrices, biases, gains and shifts of a network, with its architecture in the text.
    pub(crate) fn network<T: Scalar>(&mut self, prefix: &str, network: &Network<T>) {
        self.note(&format!("{prefix}architecture"), describe(network.architecture()));
        let parameters = network.parameters();
        if let Some(assembly) = network.architecture().assembly() {
            for tensor in &assembly.tensors {
                let values = turned(&parameters[tensor.at..tensor.at + tensor.len()], tensor.turned);
                self.array(format!("{prefix}{}", tensor.name), &tensor.shape, &values);
            }
            for (name, at, channels) in &assembly.running {
                let (means, variances) = network.statistics()[*at..at + 2 * channels].split_at(*channels);
                self.array(format!("{prefix}{name}running_mean"), &[*channels], means);
                self.array(format!("{prefix}{name}running_var"), &[*channels], variances);
            }
            return;
        }
        for (k, block) in network.blocks().iter().enumerate() {
            let mut at = block.weights;
            let mut part = |name: &str, shape: &[usize], writer: &mut Self| {
                let end = at + shape.iter().product::<usize>();
                writer.array(format!("{prefix}{k}.{name}"), shape, &parameters[at..end]);
                at = end;
            };
            part("weight", &[block.outputs, block.inputs], self);
            part("bias", &[block.outputs], self);
            if block.norm {
                part("gain", &[block.outputs], self);
                part("shift", &[block.outputs], self);
            }
        }
    }

    pub(crate) fn bytes(self) -> Vec<u8> {
        let views = self.arrays.iter().map(|(name, kind, shape, bytes)| {
            (name.clone(), TensorView::new(*kind, shape.clone(), bytes).expect("an array has the length of its shape"))
        });
        serialize(views, Some([(KEY.to_string(), self.text.clone())].into_iter().collect()))
            .expect("a header of a few lines is not too large")
    }
}

/// What a [`Writer`] wrote.
#[derive(Debug)]
pub(crate) struct Reader<'b> {
    arrays: SafeTensors<'b>,
    text: String,
}

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Result<Self> {
        let broken = |error| refuse(format!("this is no safetensors file: {error}"));
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(broken)?;
        let text = metadata.metadata().as_ref().and_then(|text| text.get(KEY)).cloned();
        let text =
            text.ok_or_else(|| refuse("it was not written by earthwork: its metadata has no key `earthwork`"))?;
        Ok(Self { arrays: SafeTensors::deserialize(bytes).map_err(broken)?, text })
    }

    pub(crate) fn note(&self, key: &str) -> Result<&str> {
        let mut lines = self.text.lines().filter_map(|line| line.split_once(" = "));
        lines
            .find(|(found, _)| *found == key)
            .map(|(_, value)| value)
            .ok_or_else(|| refuse(format!("it has no `{key}`")))
    }

    pub(crate) fn number<N: std::str::FromStr>(&self, key: &str) -> Result<N> {
        let text = self.note(key)?;
        text.parse().map_err(|_| refuse(format!("its `{key}` is `{text}`, which is no such number")))
    }

    pub(crate) fn array<T: Scalar>(&self, name: &str) -> Result<Vec<T>> {
        let view = self.arrays.tensor(name).map_err(|_| refuse(format!("it has no array `{name}`")))?;
        let bytes = view.data();
        Ok(match view.dtype() {
            Dtype::F32 => {
                let whole = bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
                whole.map(|v| T::of(f64::from(v))).collect()
            }
            Dtype::F64 => {
                let whole = bytes.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().expect("8 bytes")));
                whole.map(T::of).collect()
            }
            other => return Err(refuse(format!("the array `{name}` holds {other:?}; only F32 and F64 are read"))),
        })
    }

    pub(crate) fn network<T: Scalar>(&self, prefix: &str) -> Result<Network<T>> {
        let architecture = undescribe(self.note(&format!("{prefix}architecture"))?)?;
        let mut parameters = Vec::new();
        if let Some(assembly) = architecture.assembly() {
            for tensor in &assembly.tensors {
                let values = self.array::<T>(&format!("{prefix}{}", tensor.name))?;
                if values.len() != tensor.len() {
                    let why =
                        format!("the array `{}` holds {} numbers and not {}", tensor.name, values.len(), tensor.len());
                    return Err(refuse(why));
                }
                parameters.extend(turned(&values, tensor.turned.map(|(a, b, c)| (a, c, b))));
            }
            let mut network = Network::with_parameters(architecture, parameters)?;
            for (name, at, channels) in &assembly.running {
                for (first, part) in [(*at, "running_mean"), (at + channels, "running_var")] {
                    let values = self.array::<T>(&format!("{prefix}{name}{part}"))?;
                    if values.len() != *channels || values.iter().any(|v| !v.is_finite()) {
                        return Err(refuse(format!(
                            "the array `{name}{part}` does not hold {channels} finite numbers"
                        )));
                    }
                    network.statistics_mut()[first..first + channels].copy_from_slice(&values);
                }
            }
            return Ok(network);
        }
        for (k, block) in architecture.blocks().iter().enumerate() {
            let norm: &[&str] = if block.norm { &["gain", "shift"] } else { &[] };
            for name in ["weight", "bias"].iter().chain(norm) {
                parameters.extend(self.array::<T>(&format!("{prefix}{k}.{name}"))?);
            }
        }
        Network::with_parameters(architecture, parameters)
    }
}

impl<T: Scalar> Network<T> {
    /// The network as a safetensors file: for hidden layer k (and the last one) the arrays `k.weight` of shape (outputs, inputs),
    /// `k.bias`, and with layer normalisation `k.gain` and `k.shift`; the architecture stands in the metadata. Equal networks give
    /// equal bytes.
    ///
    /// Networks of [`Module`](crate::critic::net::Module)s have the names and shapes of PyTorch's `Sequential` with one module for each
    /// layer: `k.weight`, `k.bias`, `k.running_mean`, `k.running_var`, and `k.branch.j.weight` in a residual block.
    pub fn to_safetensors(&self) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.network("", self);
        writer.bytes()
    }

    /// Reads what [`Network::to_safetensors`] wrote, in this number type or the other one.
    ///
    /// ```
    /// use earthwork::critic::net::{Architecture, Network};
    ///
    /// let network = Network::<f32>::new(Architecture::mlp(2, &[8, 8], 1).with_residual(), 3)?;
    /// assert_eq!(Network::from_safetensors(&network.to_safetensors())?, network);
    /// # Ok::<(), earthwork::Error>(())
    /// ```
    ///
    /// # Errors
    /// When it is no such file.
    pub fn from_safetensors(bytes: &[u8]) -> Result<Self> {
        Reader::new(bytes)?.network("")
    }
}

/// Of a × b × c values those of a × c × b.
fn turned<T: Copy>(values: &[T], shape: Option<(usize, usize, usize)>) -> Vec<T> {
    let Some((_, b, c)) = shape else { return values.to_vec() };
    let part = |part: &[T]| (0..b * c).map(|k| part[k % b * c + k / b]).collect::<Vec<T>>();
    values.chunks_exact(b * c).flat_map(part).collect()
}

pub(super) fn describe(architecture: &Architecture) -> String {
    let Architecture { inputs, hidden, outputs, activation, layer_norm, residual, init, modules } = architecture;
    if let Some(Modules { shape: [height, width, channels], classes, layers }) = modules {
        return format!("layers {height}x{width}x{channels} {classes} {init} {}", Module::write(layers));
    }
    let hidden: Vec<String> = hidden.iter().map(ToString::to_string).collect();
    let hidden = if hidden.is_empty() { "none".to_string() } else { hidden.join(",") };
    format!("{inputs} {hidden} {outputs} {activation} {layer_norm} {residual} {init}")
}

fn undescribe(text: &str) -> Result<Architecture> {
    let wrong = || refuse(format!("`{text}` is not an architecture"));
    if let Some(rest) = text.strip_prefix("layers ") {
        let mut words = rest.splitn(4, ' ');
        let mut word = || words.next().ok_or_else(wrong);
        let shape: Vec<usize> =
            word()?.split('x').map(|side| side.parse().map_err(|_| wrong())).collect::<Result<_>>()?;
        let classes = word()?.parse().map_err(|_| wrong())?;
        let init = Init::named(word()?)?;
        let shape: [usize; 3] = shape.try_into().map_err(|_| wrong())?;
        let architecture = Architecture::of(shape, classes, &Module::parse(word()?)?).with_init(init);
        architecture.check()?;
        return Ok(architecture);
    }
    let [inputs, hidden, outputs, activation, layer_norm, residual, init] =
        text.split(' ').collect::<Vec<_>>().try_into().map_err(|_| wrong())?;
    let count = |text: &str| text.parse::<usize>().map_err(|_| wrong());
    let flag = |text: &str| text.parse::<bool>().map_err(|_| wrong());
    let hidden = if hidden == "none" { Vec::new() } else { hidden.split(',').map(count).collect::<Result<_>>()? };
    let mut architecture = Architecture::mlp(count(inputs)?, &hidden, count(outputs)?)
        .with_activation(Activation::named(activation)?)
        .with_init(Init::named(init)?);
    architecture.layer_norm = flag(layer_norm)?;
    architecture.residual = flag(residual)?;
    architecture.check()?;
    Ok(architecture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_architecture_comes_back() {
        for activation in ["relu", "leaky-relu", "leaky-relu:0.1", "tanh", "softplus", "silu", "maxmin", "groupsort:4"]
        {
            for (k, init) in ["he", "glorot", "uniform", "orthogonal"].into_iter().enumerate() {
                let mut architecture =
                    Architecture::mlp(3, &[8, 8], 2).with_activation(Activation::named(activation).unwrap());
                architecture.init = Init::named(init).unwrap();
                architecture.layer_norm = k % 2 == 0;
                architecture.residual = k < 2;
                let network = Network::<f64>::new(architecture, 7).unwrap();
                let bytes = network.to_safetensors();
                assert_eq!(Network::<f64>::from_safetensors(&bytes).unwrap(), network);
                assert_eq!(Network::<f64>::from_safetensors(&bytes).unwrap().to_safetensors(), bytes);
                let single = Network::<f32>::from_safetensors(&bytes).unwrap();
                assert_eq!(single.parameters().len(), network.parameters().len());
            }
        }
        let line = Network::<f64>::new(Architecture::mlp(1, &[], 1), 1).unwrap();
        assert_eq!(Network::<f64>::from_safetensors(&line.to_safetensors()).unwrap(), line);
    }

    #[test]
    fn other_files_are_refused() {
        let message = |bytes: &[u8]| Network::<f32>::from_safetensors(bytes).unwrap_err().to_string();
        assert!(message(b"").contains("no safetensors file"));
        assert!(message(b"not a file at all, but long enough").contains("no safetensors file"));
        let foreign = serialize([("a", TensorView::new(Dtype::F32, vec![1], &[0; 4]).unwrap())], None).unwrap();
        assert!(message(&foreign).contains("not written by earthwork"));
        let mut writer = Writer::default();
        writer.note("architecture", "2 4 1 relu false false he");
        assert!(message(&writer.bytes()).contains("no array `0.weight`"));
        let whole = Network::<f32>::new(Architecture::mlp(2, &[4], 1), 1).unwrap().to_safetensors();
        assert!(message(&whole[..whole.len() - 1]).contains("no safetensors file"));
    }
}
