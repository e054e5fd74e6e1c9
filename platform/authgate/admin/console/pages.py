"""All pages of the console."""

from collections.abc import Iterator

from quart import Blueprint

from authgate.admin.console.alert_pages import AlertPages
from authgate.admin.console.audit_export_pages import AuditExportPages
from authgate.admin.console.audit_pages import AuditPages
from authgate.admin.console.audit_statistics_pages import AuditStatisticsPages
from authgate.admin.console.audit_verification_pages import AuditVerificationPages
from authgate.admin.console.branding_pages import BrandingPages
from authgate.admin.console.client_changes import ClientChanges
from authgate.admin.console.client_list import ClientList
from authgate.admin.console.client_pages import ClientPages
from authgate.admin.console.client_people import ClientPeople
from authgate.admin.console.client_selection import ClientSelectionPages
from authgate.admin.console.client_wizard import ClientWizard
from authgate.admin.console.connection_pages import ConnectionPages
from authgate.admin.console.domain_pages import DomainPages
from authgate.admin.console.export_pages import ExportPages
from authgate.admin.console.find import Find
from authgate.admin.console.first_steps import FirstSteps
from authgate.admin.console.frame import Console
from authgate.admin.console.group_pages import GroupPages
from authgate.admin.console.impersonation_pages import ImpersonationPages
from authgate.admin.console.invitation_pages import InvitationConsole
from authgate.admin.console.job_pages import JobPages
from authgate.admin.console.limit_pages import LimitPages
from authgate.admin.console.mail_server_pages import MailServerPages
from authgate.admin.console.overview import OverviewPages
from authgate.admin.console.plugin_console_pages import PluginConsolePages
from authgate.admin.console.plugin_pages import PluginPages
from authgate.admin.console.provisioning_pages import ProvisioningPages
from authgate.admin.console.resource_server_pages import ResourceServerPages
from authgate.admin.console.respond_pages import RespondPages
from authgate.admin.console.saved_search_pages import SavedSearchPages
from authgate.admin.console.scope_pages import ScopePages
from authgate.admin.console.setting_pages import SettingPages
from authgate.admin.console.signing_key_pages import SigningKeyPages
from authgate.admin.console.team_pages import TeamPages
from authgate.admin.console.token_pages import TokenPages
from authgate.admin.console.usage_pages import UsagePages
from authgate.admin.console.user_erasure_pages import UserErasurePages
from authgate.admin.console.user_factor_pages import UserFactorPages
from authgate.admin.console.user_form import UserForm
from authgate.admin.console.user_import_pages import UserImportPages
from authgate.admin.console.user_list import UserList
from authgate.admin.console.user_pages import UserPages
from authgate.admin.console.user_selection import UserSelectionPages
from authgate.admin.console.webhook_pages import WebhookPages


def blueprints(console: Console) -> Iterator[Blueprint]:
    """The routes of each."""
    yield OverviewPages(console=console).blueprint()
    yield Find(console=console).blueprint()
    yield FirstSteps(console=console).blueprint()
    yield ClientList(console=console).blueprint()
    yield ClientSelectionPages(console=console).blueprint()
    yield ClientWizard(console=console).blueprint()
    yield ClientPages(console=console).blueprint()
    yield ClientChanges(console=console).blueprint()
    yield ClientPeople(console=console).blueprint()
    yield TokenPages(console=console).blueprint()
    yield ScopePages(console=console).blueprint()
    yield ResourceServerPages(console=console).blueprint()
    yield SigningKeyPages(console=console).blueprint()
    yield ConnectionPages(console=console).blueprint()
    yield DomainPages(console=console).blueprint()
    yield SettingPages(console=console).blueprint()
    yield BrandingPages(console=console).blueprint()
    yield MailServerPages(console=console).blueprint()
    yield PluginPages(console=console).blueprint()
    yield PluginConsolePages(console=console).blueprint()
    yield ProvisioningPages(console=console).blueprint()
    yield GroupPages(console=console).blueprint()
    yield InvitationConsole(console=console).blueprint()
    yield UserList(console=console).blueprint()
    yield UserImportPages(console=console).blueprint()
    yield UserErasurePages(console=console).blueprint()
    yield UserSelectionPages(console=console).blueprint()
    yield UserForm(console=console).blueprint()
    yield UserPages(console=console).blueprint()
    yield UserFactorPages(console=console).blueprint()
    yield ImpersonationPages(console=console).blueprint()
    yield TeamPages(console=console).blueprint()
    yield AuditExportPages(console=console).blueprint()
    yield AuditVerificationPages(console=console).blueprint()
    yield UsagePages(console=console).blueprint()
    yield LimitPages(console=console).blueprint()
    yield WebhookPages(console=console).blueprint()
    yield JobPages(console=console).blueprint()
    yield AlertPages(console=console).blueprint()
    yield RespondPages(console=console).blueprint()
    yield AuditPages(console=console).blueprint()
    yield SavedSearchPages(console=console).blueprint()
    yield AuditStatisticsPages(console=console).blueprint()
    yield ExportPages(console=console).blueprint()
