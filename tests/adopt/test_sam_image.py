"""An image that only installs packages is the folder that it is made from; any other one is said with its line."""

from __future__ import annotations

import pytest

from multi_env_lambda.adopt.sam_image import Image, read_dockerfile
from tests.adopt.test_sam import accepted, function, lost
from tests.adopt.test_sam import read as read_template_of

FILES = frozenset({"eval/app.py", "eval/Dockerfile", "eval/requirements.txt", "eval/src/main.py"})
LISTS = {"eval/requirements.txt": "numpy==1.26 # sums\n-e .\n\nrequests\n"}
BASE = "FROM public.ecr.aws/lambda/python:3.9\n"


def read(text: str, command: str = "") -> Image | str:
    return read_dockerfile(text, "eval/Dockerfile", "eval", command, FILES, LISTS)


@pytest.mark.parametrize(
    "text",
    [
        f"{BASE}COPY requirements.txt ./\nRUN python3.9 -m pip install -r requirements.txt -t .\n"
        'COPY ./ ./\nCMD ["app.handler"]\n',
        f"# ours\n{BASE}\nLABEL a=b\nWORKDIR ${{LAMBDA_TASK_ROOT}}\nCOPY . .\nRUN pip install --upgrade pip && \\\n"
        '    pip3 install --no-cache-dir -r ./requirements.txt --target "${LAMBDA_TASK_ROOT}"\nCMD [ "app.handler" ]\n',
        "FROM amazon/aws-lambda-python:3.9.2023.05-x86_64\nCOPY app.py ${LAMBDA_TASK_ROOT}\nCMD app.handler\n",
    ],
)
def test_an_image_that_installs_packages_is_its_folder(text: str) -> None:
    found = read(text)
    assert isinstance(found, Image)
    assert (found.runtime, found.handler, found.root, found.packages) == ("python3.9", "app.handler", "eval", ())


def test_code_of_a_folder_in_it_starts_there_and_its_list_comes_along() -> None:
    found = read(
        f"{BASE}COPY src/ ${{LAMBDA_TASK_ROOT}}/\nRUN pip install -r requirements.txt boto3==1.2\nCMD main.run"
    )
    assert isinstance(found, Image)
    assert (found.root, found.packages) == ("eval/src", ("numpy==1.26 # sums", "requests", "boto3==1.2"))


def test_the_command_of_the_template_counts() -> None:
    found = read(f'{BASE}COPY . .\nCMD ["other.handler"]', "app.run")
    assert isinstance(found, Image) and found.handler == "app.run"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{BASE}RUN yum install -y gcc\nCMD app.handler", "line 2, does more than to install packages: RUN"),
        (f"{BASE}RUN pip install . && make\nCMD app.handler", "line 2, does more"),
        (f"{BASE}ENV A=1\nCMD app.handler", "line 2, does more than to install packages: ENV"),
        (f"{BASE}COPY --from=built a b\nCMD app.handler", "line 2, does more"),
        (f"{BASE}FROM python:3.9\nCMD app.handler", "line 2, does more"),
        (f'{BASE}ENTRYPOINT ["a"]\nCMD app.handler', "line 2, does more"),
        ("FROM python:3.9-slim\nCMD app.handler", "line 1, does more"),
        (f"{BASE}WORKDIR /opt\nCMD app.handler", "line 2, does more"),
        ("FROM public.ecr.aws/lambda/python:latest\nCMD app.handler", "line 1, does more"),
        (BASE, "does not name an image of AWS and a handler"),
        (f'{BASE}CMD ["python", "app.py"]', "does not name an image of AWS and a handler"),
        (f"{BASE}COPY . .\nCMD nothing.handler", "its module is not in eval: nothing.handler"),
    ],
)
def test_what_is_not_understood_is_said_with_its_line(text: str, said: str) -> None:
    found = read(text)
    assert isinstance(found, str) and said in found


def test_a_function_of_a_template_is_its_folder_instead_of_its_image() -> None:
    metadata = "Metadata: {Dockerfile: Dockerfile, DockerContext: ./eval}"
    text = function("PackageType: Image", metadata).replace("Runtime: python3.12", "MemorySize: 512")
    text = text.replace("\n  Metadata", "\n    Metadata")
    files = {"eval/app.py": "", "eval/Dockerfile": f'{BASE}RUN pip install numpy\nCOPY . .\nCMD ["app.handler"]\n'}
    given = read_template_of(text, **files)

    assert given.table["functions"]["create"] == {"handler": "app.handler", "root": "eval", "memory_size": 512}
    assert (given.table["runtime"], given.files) == ("python3.9", {"requirements.txt": "numpy\n"})
    assert lost(given) == []
    [said] = [one for one in given.findings if one.what == "the container image"]
    assert str(said.place) == "eval/Dockerfile:1"
    accepted(given)
