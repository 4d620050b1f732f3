"""What every operation does is told in one short line of its own."""

import re
from collections import Counter

from fastly_mcp.api.catalog.catalog import load
from fastly_mcp.api.catalog.summaries import summary_of

VERBS = {
    *("Activate", "Add", "Change", "Check", "Clone", "Compare", "Create", "Deactivate", "Delete"),
    *("Disable", "Discard", "Download", "Enable", "Export", "Find", "Get", "Give", "Invite"),
    *("Lint", "List", "Lock", "Look", "Make", "Order", "Publish", "Purge", "Reactivate"),
    *("Remove", "Rename", "Replace", "Request", "Revoke", "Rotate", "Save", "Search", "Send"),
    *("Set", "Simulate", "Suggest", "Tag", "Take", "Update", "Upload", "Validate", "Withdraw"),
}


def test_no_two_operations_are_summed_up_alike() -> None:
    told = Counter(each.summary for each in load())
    assert [summary for summary, times in told.items() if times > 1] == []


def test_a_summary_is_one_short_line_that_begins_with_what_is_done() -> None:
    for each in load():
        assert each.summary.partition(" ")[0] in VERBS, each.id
        assert len(each.summary) <= 112, each.id
        assert each.summary.isprintable(), each.id
        assert not each.summary.endswith("."), each.id


def test_what_only_reads_is_not_said_to_change_anything() -> None:
    reads = re.compile(r"Check|Compare|Download|Export|Find|Get|List|Look|Search|Suggest|Validate")
    for each in load():
        if each.method == "GET":
            assert reads.match(each.summary), each.id
        elif not each.id.startswith("lint_vcl"):
            assert not reads.match(each.summary), each.id


def test_the_index_has_the_summaries_that_the_rules_give_now() -> None:
    for each in load():
        assert each.summary == summary_of(each.id, each.method, each.path)


def test_summaries_tell_the_resource_and_the_product() -> None:
    told = {each.id: each.summary for each in load()}
    assert told["list_backends"].startswith("List the backends of a service version: origin server")
    assert told["list_log_aws_s3"].startswith("List the logging endpoints for Amazon S3")
    assert "Next-Gen WAF" in told["enable_product_ngwaf"]
    assert told["update_dictionary_item"] == (
        "Update an item of an edge dictionary: key and value, live without a new version"
    )
    assert told["delete_http3"] == "Disable HTTP/3 (QUIC) in a service version"
    assert told["list_conditions"].endswith(": VCL expressions for when other objects apply")
    assert told["get_condition"].endswith(": VCL expression for when other objects apply")
    assert "file" in told["put_package"]
    assert not any(
        "origin" in told[each] for each in told if each.endswith(("_pool_server", "_pool_servers"))
    )


def test_nothing_of_how_a_summary_is_made_is_left_in_it() -> None:
    assert not any(set(each.summary) & set("{}") for each in load())
