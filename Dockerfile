# The service of a trained model, which is mounted at /model:
#   docker build -t cman-tf .
#   docker run -p 127.0.0.1:8000:8000 -v "$PWD/runs/conll04:/model:ro" cman-tf
FROM python:3.11-slim

WORKDIR /build
COPY setup.py pyproject.toml MANIFEST.in README.md LICENSE ./
COPY cman_tf ./cman_tf
COPY flags ./flags
RUN pip install --no-cache-dir ".[serve]"
RUN useradd --create-home --uid 1000 cman

USER cman
WORKDIR /home/cman
EXPOSE 8000
HEALTHCHECK --interval=30s --start-period=120s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health', timeout=5)"]
CMD ["cman-tf", "serve", "--model_dir=/model", "--host=0.0.0.0"]
