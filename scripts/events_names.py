"""The names of the generated event types: tables of decisions, and nothing else.

Owns every choice that the schema leaves open: which of its objects are one and the
same, what they are called, where they live, and which of their fields are left out.
"""

SAME_OBJECT = {
    # by the name of the schema component
    "enterprise": "Enterprise",
    "enterprise-webhooks": "Enterprise",
    "integration": "App",
    "license-simple": "License",
    "minimal-repository": "MinimalRepository",
    "organization-custom-property": "OrganizationCustomProperty",
    "organization-simple-webhooks": "Organization",
    "pull-request-webhook": "PullRequest",
    "reaction-rollup": "Reactions",
    "secret-scanning-alert-webhook": "SecretScanningAlert",
    "security-and-analysis": "SecuritySettings",
    "simple-commit": "SimpleCommit",
    "simple-installation": "InstallationReference",
    "simple-repository": "MinimalRepository",
    "simple-user": "User",
    "team-simple": "Team",
    "webhook-config": "HookConfig",
    "webhooks_answer": "DiscussionComment",
    "webhooks_changes": "CommentChanges",
    "webhooks_changes_8": "SponsorshipTierChanges",
    "webhooks_comment": "DiscussionComment",
    "webhooks_project_changes": "ProjectsV2ItemChanges",
    "webhooks_review": "PullRequestReview",
    "webhooks_reviewers": "DeploymentReviewReviewer",
    "webhooks_user_mannequin": "User",
}
"""Schema component to class: several components may be one class."""

TITLED = {
    # by the title that an object carries
    "Alert Instance": "CodeScanningAlertInstance",
    "Auto merge": "AutoMerge",
    "Check Run Pull Request": "PullRequestMinimal",
    "Code Of Conduct Simple": "CodeOfConduct",
    "Committer": "GitActor",
    "Deployment Workflow Run": "WorkflowRun",
    "Full Repository": "Repository",
    "GitHub app": "App",
    "License Simple": "License",
    "Organization Simple": "Organization",
    "Projects v2 Item": "ProjectV2Item",
    "Projects v2 Iteration Setting": "ProjectV2IterationSetting",
    "Projects v2 Project": "ProjectV2",
    "Projects v2 Single Select Option": "ProjectV2SingleSelectOption",
    "Projects v2 Status Update": "ProjectV2StatusUpdate",
    "PullRequestAutoMerge": "AutoMerge",
    "Reaction Rollup": "Reactions",
    "Repo Ref": "RepositoryReference",
    "Repository Lite": "MinimalRepository",
    "Repository Vulnerability Alert Alert": "RepositoryVulnerabilityAlert",
    "Repository ruleset": "RepositoryRuleset",
    "Ruby Gems metadata": "RubygemsMetadata",
    "Simple Commit": "SimpleCommit",
    "Simple Installation": "InstallationReference",
    "Simple Pull Request": "PullRequest",
    "Simple Repository": "MinimalRepository",
    "Simple User": "User",
    "Team Simple": "Team",
    "Webhook": "Hook",
    "branch protection rule": "BranchProtectionRule",
    "issue comment": "IssueComment",
}
"""Schema title to class; other titles are joined to a CamelCase name."""

PLACED: dict[str, str] = {
    # by the place in the tree: class (or event) and field
    "App.owner": "Account",
    "CheckRun.requested_action": "RequestedAction",
    "DeploymentReviewReviewer.reviewer": "Reviewer",
    "DeploymentReview.workflow_job_runs": "WorkflowJobRun",
    "Installation.account": "Account",
    "InstallationRepositories.repositories_added": "InstallationRepository",
    "InstallationRepositories.repositories_removed": "InstallationRepository",
    "Installation.repositories": "InstallationRepository",
    "InstallationTarget.account": "Account",
    "Issue.labels": "Label",
    "Issue.reactions": "Reactions",
    "Issue.user": "User",
    "MembershipAdded.team": "Team",
    # Without a slug when the team itself was deleted.
    "MembershipRemoved.team": "MembershipTeam",
    "MembershipTeam.parent": "Team",
    "MinimalRepository.license": "License",
    "MinimalRepository.owner": "User",
    "PageBuild.build": "PagesBuild",
    "ProjectCard.creator": "User",
    "PullRequest.labels": "Label",
    "PullRequest.requested_reviewers": "Reviewer",
    "PullRequestMinimalBase.repo": "RepositoryReference",
    "PullRequestMinimalHead.repo": "RepositoryReference",
    "PullRequestReviewComment.pull_request": "PullRequest",
    "Repository.owner": "User",
    "RepositoryRuleset.conditions": "RepositoryRulesetConditions",
    "Reviewer.parent": "Team",
    "SecuritySettings.advanced_security": "SecurityFeature",
    "SecuritySettings.code_security": "SecurityFeature",
    "SecuritySettings.dependabot_security_updates": "SecurityFeature",
    "SecuritySettings.secret_scanning": "SecurityFeature",
    "SecuritySettings.secret_scanning_ai_detection": "SecurityFeature",
    "SecuritySettings.secret_scanning_non_provider_patterns": "SecurityFeature",
    "SecuritySettings.secret_scanning_push_protection": "SecurityFeature",
    "SecuritySettings.secret_scanning_validity_checks": "SecurityFeature",
    "SimpleCommit.author": "GitActor",
    "SimpleCommit.committer": "GitActor",
    "Team.parent": "Team",
    "WorkflowRun.head_repository": "MinimalRepository",
    "WorkflowRun.pull_requests": "PullRequestMinimal",
    "WorkflowRun.repository": "MinimalRepository",
}
"""Place to class, over whatever name or title the schema has there."""

RELIED_ON = frozenset(
    [
        "after",
        "archived",
        "base",
        "before",
        "changes",
        "conclusion",
        "default_branch",
        "distinct",
        "from",
        "full_name",
        "head",
        "html_url",
        "id",
        "key",
        "login",
        "message",
        "name",
        "number",
        "private",
        "ref",
        "sha",
        "slug",
        "state",
        "status",
        "timestamp",
        "title",
        "to",
        "type",
    ]
)
"""What an object must have where the schema requires it everywhere: what handlers tell
objects apart by. The rest may be missing: a counter that an older server leaves out is
no reason to withhold the event."""

PROMISED = {("Team", "slug"), ("User", "id"), ("User", "login")}
"""Class and field that are always there, although some place of the schema does not
say so: the payload without them is another class (see ``MembershipTeam``)."""

PREVIOUS = {
    "str": "PreviousText",
    "int": "PreviousNumber",
    "bool": "PreviousFlag",
    "list": "PreviousTexts",
}
"""What ``{"from": …}`` in a list of changes is called, by the type of the value."""

TEXT_CHANGE = "TextChange"
"""What ``{"from": …, "to": …}`` is called."""

ATTRIBUTES = {
    "+1": "plus_one",
    "-1": "minus_one",
    "from": "from_",
}
"""Keys that Python cannot write as an attribute."""

SEEN = {
    # GitHub sends seconds since 1970 here; the schema only knows the other form.
    ("Installation", "created_at"): "int",
    ("Installation", "updated_at"): "int",
    # Alerts from before they were numbered, and events by GitHub itself.
    ("RepositoryVulnerabilityAlert", "number"): "None",
    ("RepositoryVulnerabilityAlert", "state"): "None",
    ("*", "sender"): "None",
}
"""What payloads have in a field (of a class, or of all events) beside what the schema
says. Found by decoding the payloads of the npm package `@octokit/webhooks-examples`."""

HYPERMEDIA = frozenset(
    [
        "_links",
        "access_tokens_url",
        "archive_url",
        "artifacts_url",
        "assets_url",
        "assignees_url",
        "blobs_url",
        "branches_url",
        "cancel_url",
        "cards_url",
        "check_run_url",
        "check_runs_url",
        "check_suite_url",
        "collaborators_url",
        "column_url",
        "columns_url",
        "comments_url",
        "commits_url",
        "compare_url",
        "contents_url",
        "contributors_url",
        "deliveries_url",
        "deployments_url",
        "downloads_url",
        "events_url",
        "followers_url",
        "following_url",
        "forks_url",
        "gists_url",
        "git_commits_url",
        "git_refs_url",
        "git_tags_url",
        "hooks_url",
        "instances_url",
        "issue_comment_url",
        "issue_events_url",
        "issues_url",
        "jobs_url",
        "keys_url",
        "labels_url",
        "languages_url",
        "locations_url",
        "logs_url",
        "members_url",
        "merges_url",
        "milestones_url",
        "notifications_url",
        "organizations_url",
        "ping_url",
        "previous_attempt_url",
        "public_members_url",
        "pulls_url",
        "received_events_url",
        "releases_url",
        "repos_url",
        "repositories_url",
        "rerun_url",
        "review_comment_url",
        "review_comments_url",
        "stargazers_url",
        "starred_url",
        "statuses_url",
        "subscribers_url",
        "subscription_url",
        "subscriptions_url",
        "svn_url",
        "tags_url",
        "teams_url",
        "template_repository",
        "test_url",
        "timeline_url",
        "trees_url",
        "workflow_url",
    ]
)
"""Links from one API resource to the next. They are half of a payload's bytes, follow
from ``url``, and no handler decides by them: leaving them out halves decoding. So are
template repositories, a whole repository inside the repository, left out."""

MODULES = {
    "accounts": (
        "Account App AppPermissions Enterprise GitActor Installation "
        "InstallationReference Organization Reviewer Team User"
    ),
    "changes": (
        "CommentChanges PreviousFlag PreviousNumber PreviousText PreviousTexts TextChange"
    ),
    "checks": "PullRequestMinimal RepositoryReference",
    "deployments": "Deployment Workflow WorkflowRun",
    "custom_properties": "CustomPropertyValue OrganizationCustomProperty",
    "discussions": "Discussion DiscussionComment",
    "exemptions": "ExemptionRequest ExemptionResponse",
    "issue": "Issue IssueType Label Milestone Reactions SubIssuesSummary",
    "packages_metadata": "RubygemsMetadata",
    "projects": "ProjectV2StatusUpdate",
    "pull_requests": "AutoMerge PullRequest PullRequestReviewComment",
    "repositories": (
        "CodeOfConduct InstallationRepository License MinimalRepository "
        "Repository SecurityFeature SecuritySettings SimpleCommit"
    ),
    "security": "CvssSeverities SecretScanningAlert",
}
"""Where classes live that several events share; those that only one of them holds live
beside it."""


DUPLICATES = {
    "Repository": (
        "allow_auto_merge allow_forking allow_merge_commit allow_rebase_merge "
        "allow_squash_merge allow_update_branch anonymous_access_enabled "
        "code_of_conduct code_search_index_status delete_branch_on_merge forks git_url "
        "master_branch merge_commit_message merge_commit_title network_count "
        "open_issues parent public source squash_merge_commit_message "
        "squash_merge_commit_title starred_at stargazers subscribers_count "
        "temp_clone_token use_squash_pr_title_as_default watchers "
        "web_commit_signoff_required"
    ),
    "User": "gravatar_id starred_at user_view_type",
}
"""What the most frequent objects have only for older clients, in another field too, as
settings of merging, or in answers of the REST API and not in webhooks. msgspec compares
an unknown key with every field, so each field here costs in every payload."""


def camel(text: str) -> str:
    """``pull_request`` or ``Pull request`` as ``PullRequest``."""
    words = text.replace("-", " ").replace("_", " ").replace(".", " ").split()
    return "".join(word[:1].upper() + word[1:] for word in words)


def singular(word: str) -> str:
    """The name of one element of the list ``word``."""
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    if word.endswith("ches"):
        return word[:-2]
    if word.endswith("s") and not word.endswith(("ss", "us", "ys")):
        return word[:-1]
    return word


def nested(owner: str, field: str) -> str:
    """The class of the object that ``owner`` holds in ``field``."""
    placed = PLACED.get(f"{owner}.{field}")
    if placed is not None:
        return placed
    own = camel(field)
    return own if own.startswith(owner) else owner + own


def attribute(key: str) -> str:
    """The attribute for a key of the payload."""
    return ATTRIBUTES.get(key, key.replace("-", "_"))
