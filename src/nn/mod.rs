//! Neural networks: the model registry and ONNX Runtime sessions. The only module that names `ort`.
