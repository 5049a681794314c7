"""The exported model: one ONNX file that carries its own settings and provenance."""
